"""Names of params.yaml, which may come from a stranger, meet DVC, a shell and folders."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from tests.pipeline.project import SOURCE, Project, clone

PIPELINE = YAML(typ="safe").load(SOURCE / "dvc.yaml")["stages"]
GROUPS = {name: stage["do"] for name, stage in PIPELINE.items() if "foreach" in stage}
SINGLE = [stage for stage in PIPELINE.values() if "foreach" not in stage]
CODE = {"nets": "tasks/paths.py"}
"""For the one section that the small experiment lacks."""

EVIL = "x; touch touched; $(touch touched) `touch touched` '; touch touched; '\ntouch touched | \""
"""A name that a shell would run, inside any quotes."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, bytecode: Path | None) -> Project:
    return clone(tmp_path_factory.mktemp("names"), bytecode)


def test_no_command_has_words_of_params():
    commands = [do["cmd"] for do in [*GROUPS.values(), *SINGLE]]
    assert len(commands) == 6
    assert not [command for command in commands if "${" in command]


def test_dvc_removes_no_folder_that_params_names():
    """DVC removes outputs before a command runs, and only the command refuses the name."""
    outs = [out for do in GROUPS.values() for out in do["outs"]]
    named = {path: options for out in outs for path, options in out.items() if "${" in path}
    assert len(named) == len(outs) == 3
    assert all(options["persist"] for options in named.values())


@pytest.mark.parametrize("group", GROUPS)
def test_a_shell_never_sees_a_name(fresh: Project, group: str):
    done = made_with(fresh, group, EVIL)
    assert not [*fresh.root.rglob("touched*")]
    assert f"params.yaml:{line_of(fresh, group)}:" in done
    on_one_line = EVIL.replace("\n", "\\n")
    assert f"{group}.{on_one_line}: " in done
    assert "is not a name: up to 100 letters, digits and _ - between them" in done
    assert "exited with 2" in done


@pytest.mark.parametrize("group", GROUPS)
def test_no_folder_is_emptied(fresh: Project, group: str):
    made_with(fresh, group, "../presets")
    assert fresh.git("status", "--porcelain", "--", ":!params.yaml") == ""


def test_nor_where_dvc_finds_such_a_name(fresh: Project):
    """DVC takes a dot in a name for the step from a key to one inside it."""
    inner = {"": {"/presets": {"kind": "digits"}}}
    only = {"../presets": {"kind": "digits"}, "": inner}
    edited(fresh, lambda params: params.update(datasets=only))
    done = fresh.dvc("repro", "-s", "datasets@../presets")
    assert done.code == 255
    assert fresh.git("status", "--porcelain", "--", ":!params.yaml") == ""


def made_with(project: Project, group: str, key: str) -> str:
    """The output of `dvc repro` for a copy of the first entry of the group under this name."""

    def put(params: Any) -> None:
        section = params.setdefault(group, CommentedMap(CODE))
        section.insert(0, key, copy(first(section)))

    edited(project, put)
    done = project.dvc("repro", "-s", f"{group}@{key}")
    assert done.code == 255
    assert "Traceback" not in done.out
    return done.out


def first(section: Any) -> Any:
    return next(iter(section.values()))


def line_of(project: Project, group: str) -> int:
    """The line of a section's first key in params.yaml."""
    lines = (project.repo / "params.yaml").read_text().splitlines()
    return lines.index(f"{group}:") + 2


def edited(project: Project, change: Any) -> None:
    project.git("checkout", "--quiet", ".")
    project.edit(change)
