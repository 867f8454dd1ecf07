"""What several files ask of params.yaml, of the run it starts, and of the code that is hashed."""

import sys
from pathlib import Path

import pytest

from lorvp import code_digest
from lorvp.experiment.params import ParamsError
from tasks.settings import read
from tests.support import copied_package
from tests.support.experiments import params


@pytest.fixture
def points(tmp_path):
    """The points of an experiment with these blocks."""

    def of(*blocks: str):
        (tmp_path / "params.yaml").write_text(params(*blocks))
        return read(tmp_path / "params.yaml").points

    return of


@pytest.fixture
def message(tmp_path, monkeypatch):
    """The message for a user whose params.yaml is this text."""
    monkeypatch.chdir(tmp_path)

    def of(text: str) -> str:
        Path("params.yaml").write_text(text)
        with pytest.raises(ParamsError) as error:
            read()
        return str(error.value)

    return of


@pytest.fixture(scope="session")
def copy_of_the_package(tmp_path_factory) -> Path:
    return copied_package.copy_to(tmp_path_factory.mktemp("copy"))


@pytest.fixture
def package(copy_of_the_package, monkeypatch):
    """A copy of `lorvp` to edit, which is hashed instead of the real one."""
    monkeypatch.setattr(code_digest, "ROOT", copy_of_the_package.parent)
    yield copy_of_the_package
    copied_package.restore(copy_of_the_package)
    code_digest.forget()


@pytest.fixture
def flow(monkeypatch):
    """The module behind `python -m flows.prompts`."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # of which the import makes another
    from flows import prompts

    return prompts
