"""The lists of code in dvc.yaml against what the code itself imports."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from ruamel.yaml import YAML

from lorvp.code_digest import GROUND, PIXELS, closure
from lorvp.datasets.adapters import DatasetConfig
from lorvp.datasets.made_from import DOWNLOADS, MACHINERY
from lorvp.networks.sources import CheckpointConfig
from tests.support.source_code import imported_by

ROOT = Path(__file__).parent.parent.parent


@cache
def stages() -> dict[str, dict[str, Any]]:
    found = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
    return {name: stage.get("do", stage) for name, stage in found.items()}


def paths(stage: str, key: str) -> list[str]:
    """Of a list of paths, some of them with options."""
    listed = stages()[stage].get(key, [])
    return [path if isinstance(path, str) else next(iter(path)) for path in listed]


def covered(stage: str, path: str) -> bool:
    return any(path == dep or path.startswith(f"{dep}/") for dep in paths(stage, "deps"))


def file_of(module: str) -> str:
    return module.replace(".", "/") + ".py"


def modules_of(union: Any) -> set[str]:
    """Where the settings of each kind, and all that they call, begin."""
    return {kind.__module__ for kind in get_args(get_args(union)[0])}


DECIDE = {
    "datasets": closure([*modules_of(DatasetConfig), MACHINERY], [*GROUND, DOWNLOADS]),
    "checkpoints": closure(
        [*modules_of(CheckpointConfig), "lorvp.networks.checkpoint"], GROUND | PIXELS
    ),
    "prompts": {path_.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
                for path_ in (ROOT / "lorvp").rglob("*.py")},
}  # fmt: skip
"""The code whose hash says whether what a stage makes is still true."""


@pytest.mark.parametrize("stage", DECIDE)
def test_a_stage_looks_again_whenever_the_hash_of_its_code_may_be_another(stage):
    missing = sorted(file_of(m) for m in DECIDE[stage] if not covered(stage, file_of(m)))
    assert not missing, f"dvc.yaml: {stage}: deps lacks {missing}"


@pytest.mark.parametrize("stage", ["datasets", "checkpoints"])
def test_a_stage_that_is_made_for_each_name_looks_at_little_else(stage):
    """Looking takes seconds for each dataset, so an edit of a table should not ask for it."""
    decide = {file_of(module) for module in DECIDE[stage]}
    code = [dep for dep in paths(stage, "deps") if dep.startswith("lorvp/")]
    idle = [dep for dep in code if not any(p == dep or p.startswith(f"{dep}/") for p in decide)]
    assert not idle, f"dvc.yaml: {stage}: nothing that it makes depends on {idle}"


@pytest.mark.parametrize("stage", ["shifts", "tables"])
def test_a_stage_without_hashes_depends_on_all_that_it_imports(stage):
    missing = sorted(path for path in imported_by(f"flows/{stage}.py") if not covered(stage, path))
    assert missing == ["flows/__init__.py", f"flows/{stage}.py"], "a page that calls one function"


@pytest.mark.parametrize("stage", stages())
def test_what_a_stage_reads_of_data_is_what_others_make_or_users_bring(stage):
    """DVC refuses a dependency that is not there, so a folder for users' files has a page."""
    made = {out for name in stages() for out in paths(name, "outs")}
    read = [dep for dep in paths(stage, "deps") if dep.startswith("data/")]
    for dep in read:
        of_a_stage = any(out == dep or out.startswith(f"{dep}/") for out in made)
        assert of_a_stage or (ROOT / dep / "README.md").is_file(), dep


@pytest.mark.parametrize("stage", stages())
def test_what_a_stage_has_made_is_kept_while_it_runs(stage):
    """Else DVC would remove it before the stage can find that it is still true, and with a folder
    what the user keeps there."""
    made = [out for kind in ("outs", "metrics") for out in stages()[stage].get(kind, [])]
    assert made
    removed = [out for out in made if isinstance(out, str) or not options(out).get("persist")]
    assert not removed


def options(out: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return next(iter(out.values()))


def test_the_folder_of_tables_is_no_output_but_what_is_written_there_is():
    """The user's own files lie beside it, and DVC checks a folder out as a whole."""
    for kind in ("outs", "metrics"):
        assert all(path.startswith("data/tables/") for path in paths("tables", kind))


def test_settings_of_the_machine_are_in_no_stage():
    for stage in stages().values():
        assert not {"compute", "tracking"} & {
            param.split(".")[0] for param in stage.get("params", [])
        }
