"""Which code goes to the machines of a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.runners import code
from tests.support.jobs import job


def own(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")


@pytest.fixture
def made_by(monkeypatch: pytest.MonkeyPatch):
    """Says which modules of the user's own the network of each job is made by."""

    def said(*modules: str) -> None:
        manifest = type("Manifest", (), {"own_code": dict.fromkeys(modules, "")})
        monkeypatch.setattr(code, "manifest_of", lambda folder: manifest)

    return said


def test_own_packages_and_modules_beside_the_project_go_along(monkeypatch, tmp_path, made_by):
    own(tmp_path, "lorvp_own_nets/__init__.py", "lorvp_own_nets/deep/a.py", "lorvp_own_one.py")
    monkeypatch.syspath_prepend(tmp_path)
    made_by("lorvp_own_nets", "lorvp_own_nets.deep.a", "lorvp_own_one")
    found = code.code_for([job(), job(seed=1)])
    assert found == (*code.OURS, tmp_path / "lorvp_own_nets", tmp_path / "lorvp_own_one.py")


def test_what_is_installed_or_gone_does_not(monkeypatch, tmp_path, made_by):
    site = tmp_path / "site-packages"
    own(site, "lorvp_own_installed/__init__.py")
    monkeypatch.syspath_prepend(site)
    made_by("lorvp_own_installed", "lorvp_own_gone", "os", "torch.nn")
    assert code.code_for([job()]) == code.OURS


def test_the_user_who_allows_code_here_allows_it_there(monkeypatch):
    monkeypatch.setenv("LORVP_CODE", "nets")
    assert code.passed_on()["LORVP_CODE"] == "nets"
