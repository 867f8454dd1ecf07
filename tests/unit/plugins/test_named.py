"""Runners and trackers of other packages, by the names of their entry points."""

from __future__ import annotations

import pytest

from lorvp.errors import InputError
from lorvp.plugins.named import Others

GROUP = "lorvp.trackers"
OTHERS = Others(GROUP, ("wandb",), ("NAME", "start"))
GOOD = "NAME = 'Diary'\nstart = print\n"


def test_one_is_found_by_its_name_and_imported_when_it_is_used(install):
    install("lorvp-diary", {GROUP: {"diary": "diary_notes"}}, {"diary_notes.py": GOOD})
    assert OTHERS.places == {"diary": "diary_notes"}
    OTHERS.require_free()
    places = {"wandb": "json", **OTHERS.places}
    assert OTHERS.resolved(places, "diary").NAME == "Diary"
    assert OTHERS.resolved(places, "wandb").__name__ == "json"


@pytest.mark.parametrize("name", ["wandb", "a-b", "a.b", "1st"])
def test_a_name_that_is_taken_or_none_is_refused(install, name):
    install("lorvp-diary", {GROUP: {name: "diary_notes"}}, {"diary_notes.py": GOOD})
    assert OTHERS.places == {}
    with pytest.raises(InputError, match=r"lorvp-diary 1\.0 .*`pip uninstall lorvp-diary`"):
        OTHERS.require_free()


def test_a_name_of_two_packages_is_refused(install):
    for name in ("lorvp-diary", "lorvp-log"):
        install(name, {GROUP: {"diary": "diary_notes"}}, {"diary_notes.py": GOOD})
    assert OTHERS.places == {}
    with pytest.raises(InputError, match=r"'diary' should be one .* that nobody else has"):
        OTHERS.require_free()


@pytest.mark.parametrize(
    ("code", "reason"),
    [("1 / 0", "cannot be imported .ZeroDivisionError"), ("NAME = 'Diary'", "has no `start`")],
)
def test_one_that_is_no_tracker_is_refused_with_its_package(install, code, reason):
    install("lorvp-diary", {GROUP: {"diary": "diary_notes"}}, {"diary_notes.py": code})
    with pytest.raises(InputError, match=rf"lorvp-diary 1\.0 .*{reason}"):
        OTHERS.resolved(OTHERS.places, "diary")
