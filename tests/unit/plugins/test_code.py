"""The code of other packages in the hash of what uses it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lorvp import code_digest
from lorvp.code_digest import closure, digest_of
from lorvp.trials.versions import packages_of
from tests.support.tiny import trial

OURS = ["lorvp.trials.finish", "lorvp.prompts.methods.lor_vp"]
FILES = {
    "tide/__init__.py": "from tide.inner import HEIGHT\n",
    "tide/inner.py": "HEIGHT = 3  # metres\n",
    "tide/table.json": "[1, 2]",
}


OUR_TRIAL = trial()


def digest(*modules: str) -> str:
    code_digest.forget()
    return digest_of(modules)


@pytest.fixture
def tide(install, place) -> Path:
    install("lorvp-tide", {"lorvp.methods": {"tide": "tide:Tide"}}, FILES)
    return place / "tide"


@pytest.mark.parametrize(
    ("file", "text", "counts"),
    [
        ("inner.py", "HEIGHT = 4\n", True),
        ("inner.py", '"""Of the sea."""\nHEIGHT = 3\n', False),
        ("table.json", "[1, 3]", True),
        ("later.py", "WIDTH = 1\n", True),
        ("__pycache__/inner.pyc", "compiled", False),
    ],
)
@pytest.mark.parametrize("module", ["tide", "tide.inner"])
def test_all_files_of_a_package_count_but_no_comment(tide, module, file, text, counts):
    before = digest(*OURS, module)
    (tide / file).parent.mkdir(exist_ok=True)
    (tide / file).write_text(text)
    assert (digest(*OURS, module) != before) == counts


def test_ours_and_other_packages_are_as_they_were(install, place):
    alone = digest(*OURS)
    for name in ("tide", "ebb"):
        files = {p.replace("tide", name): text.replace("tide", name) for p, text in FILES.items()}
        install(f"lorvp-{name}", {"lorvp.mappings": {name: f"{name}:Any"}}, files)
    ebb = digest(*OURS, "ebb")
    assert len({alone, ebb, digest(*OURS, "tide")}) == 3
    (place / "tide/inner.py").write_text("HEIGHT = 4\n")
    assert digest(*OURS) == alone
    assert digest(*OURS, "ebb") == ebb


@pytest.mark.parametrize(
    "line",
    [
        "from lorvp.prompts.contents.low_rank import LowRank",
        "import lorvp.prompts.contents.low_rank",
        "from lorvp import LowRank",
        "def later():\n    import lorvp",
    ],
)
def test_what_it_imports_of_ours_counts(tide, line):
    (tide / "inner.py").write_text(f"{line}\nHEIGHT = 3\n")
    code_digest.forget()
    assert "lorvp.prompts.contents.low_rank" in closure(["tide"])


def test_what_it_imports_of_another_such_package_counts(tide, install, place):
    install("lorvp-moon", {"lorvp.fits": {"moon": "moon:Moon"}}, {"moon.py": "PULL = 1\n"})
    (tide / "inner.py").write_text("from moon import PULL\n")
    before = digest("tide")
    (place / "moon.py").write_text("PULL = 2\n")
    assert digest("tide") != before


def test_a_package_in_a_shared_namespace_is_its_own_folder(install, place):
    install("lab-tide", {"lorvp.fits": {"tide": "lab.tide:Tide"}}, {"lab/tide/__init__.py": ""})
    (place / "lab/other.py").write_text("A = 1\n")
    before = digest("lab.tide")
    (place / "lab/other.py").write_text("A = 2\n")
    assert digest("lab.tide") == before
    (place / "lab/tide/__init__.py").write_text("A = 2\n")
    assert digest("lab.tide") != before


def test_code_is_held_as_it_was_when_a_process_began(tide):
    before = digest("tide")
    code_digest.forget()
    code_digest.hold()
    (tide / "inner.py").write_text("HEIGHT = 5\n")
    (tide / "table.json").write_text("[]")
    assert digest_of(["tide"]) == before
    import tide as loaded

    assert loaded.HEIGHT == 5
    assert code_digest.loaded_otherwise() == ["tide.inner"]


def test_a_trial_of_ours_names_no_package(tide):
    assert packages_of(OUR_TRIAL) == {}
