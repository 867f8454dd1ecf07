"""The commands that the Markdown pages show are those that the programs take."""

from __future__ import annotations

import re
import shlex
import tomllib

import pytest
import typer
from dvc.cli.parser import get_main_parser
from dvc.repo import Repo

from lorvp.cli.commands import app
from lorvp.cli.pipeline import COMMANDS as PROGRAMS
from tests.support.pages import BLOCKS, PAGES, ROOT, spans

LINES = [line for block in BLOCKS if block.language == "sh" for line in block.code.splitlines()]
SPANS = [span for page in PAGES for span in spans(page) if page != "CHANGELOG.md"]
PARTS = [part.strip() for text in LINES + SPANS for part in re.split(r"&&|…|\s#\s", text)]
COMMANDS = list(dict.fromkeys(part.removeprefix("uv run ") for part in PARTS if part))


def starting(*words: str) -> list[str]:
    """The arguments of each command that starts with these words."""
    first = " ".join(words)
    return [text.removeprefix(first) for text in COMMANDS if text.startswith(f"{first} ")]


@pytest.mark.parametrize("arguments", starting("dvc"))
def test_dvc(arguments):
    """Its parser ends the process over words that it does not know."""
    assert get_main_parser().parse_args(shlex.split(arguments)).func


@pytest.mark.parametrize("arguments", starting("lorvp"))
def test_the_command_line(arguments):
    """It understands all words; no command is run."""
    name, *words = shlex.split(arguments)
    commands = typer.main.get_command(app).commands  # pyright: ignore[reportAttributeAccessIssue]
    assert name in commands
    if name in PROGRAMS:
        check_words(code_of(PROGRAMS[name].module), words)
    elif words:
        commands[name].make_context(name, words)


@pytest.mark.parametrize("arguments", starting("python", "-m"))
def test_modules(arguments):
    """A module that is named exists, as do its options and the files that it is given."""
    module, *words = shlex.split(arguments.partition(">")[0])
    if "NAME" in module:
        return
    check_words("" if module == "pytest" else code_of(module), words)


def check_words(code: str, words: list[str]) -> None:
    """Options are in the ``code`` of the program, and files that it is given are there."""
    for word in words:
        assert not word.startswith("--") or f'"{word}"' in code, word
        assert "/" not in word or (ROOT / word).exists(), word


def code_of(module: str) -> str:
    """What `python -m` runs, which for a folder is its `__main__`."""
    path = ROOT / module.replace(".", "/")
    file = path / "__main__.py" if path.is_dir() else path.with_suffix(".py")
    assert file.is_file(), file
    return file.read_text()


@pytest.mark.parametrize("arguments", starting("cp"))
def test_presets(arguments):
    source, target = shlex.split(arguments)
    assert target == "params.yaml"
    assert source == "data/presets/X.yaml" or (ROOT / source).is_file()


def test_extras():
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = {name for text in LINES + SPANS for name in re.findall(r"--extra (\w+)", text)}
    assert named >= {"ray", "dask"}
    assert named <= known.keys()


def test_groups():
    """Of dependencies, as of `uv run --group docs`."""
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    named = {name for text in LINES + SPANS for name in re.findall(r"--group (\w+)", text)}
    assert "docs" in named
    assert named <= known.keys()


ASSIGNED = r"[A-Za-z_]+=(\"[^\"]*\"|\S+)"
HELD = {"dvc", "lorvp", "python", "cp", "uv", "--group", "--with", "pip", "pre-commit", "pytest"}
ELSEWHERE = {"ray", "dask", "prefect", "docker", "openssl", "cat", "export"}
"""Of other machines and servers, which no test here can ask."""


def test_every_line_to_type_begins_with_a_known_program():
    """A program that is new on the pages needs a test of what it is told."""
    blocks = [re.sub(r"\\\n\s*", " ", b.code) for b in BLOCKS if b.language == "sh"]
    lines = [re.sub(r"(^|\s)#\s.*", "", line) for block in blocks for line in block.splitlines()]
    parts = [part for line in lines for part in line.split("&&")]
    typed = [
        re.sub(rf"^({ASSIGNED}\s*)+", "", part.strip()).removeprefix("uv run ") for part in parts
    ]
    programs = {text.split()[0] for text in typed if text}
    assert programs - ELSEWHERE == HELD


def test_an_edit_of_a_page_makes_no_stage_stale():
    """Stages depend on whole folders of code, in which pages lie as well."""
    pages = [page for page in PAGES if page.startswith(("lorvp/", "tasks/"))]
    ignored = Repo(ROOT).dvcignore
    assert [page for page in pages if not ignored.is_ignored_file(str(ROOT / page))] == []
    assert not ignored.is_ignored_file(str(ROOT / "data/tables/comparison.md"))
    assert not ignored.is_ignored_file(str(ROOT / "lorvp/recipe.py"))


def test_each_program_is_shown():
    """Otherwise a test above would have nothing to look at."""
    for words in (["dvc"], ["lorvp"], ["python", "-m"], ["cp"]):
        assert len(starting(*words)) > 1, words
