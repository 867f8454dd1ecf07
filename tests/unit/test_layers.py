"""Which rooms import which: the layers in pyproject.toml, and the drawing of them."""

import subprocess
import sys
from pathlib import Path

import pytest

nx = pytest.importorskip("networkx", reason="uv sync --group dev")
pytest.importorskip("grimp", reason="uv sync --group dev")
from tests.support.drawing import INSIDE, PAGE, page, rooms  # noqa: E402 - it draws with networkx

ROOT = Path(__file__).parents[2]
MODULES = {"lorvp": 9, "tasks": 5}
"""The most modules beside the folders: more, and a listing no longer shows the architecture."""


def test_each_layer_imports_only_from_those_below():
    linter = Path(sys.executable).with_name("lint-imports")
    ended = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout


@pytest.mark.parametrize("package", INSIDE)
def test_rooms_import_each_other_in_no_circle(package):
    assert list(nx.simple_cycles(rooms(package))) == []


@pytest.mark.parametrize("package", MODULES)
def test_a_listing_shows_the_architecture(package):
    modules = [path.name for path in (ROOT / package).glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MODULES[package], sorted(modules)


def test_the_drawing_is_that_of_the_code():
    text = PAGE.read_text()
    assert text == page(text), "run `python -m tests.support.drawing`"
