"""A hundred SIGKILLs at random moments of one grid: nothing is lost, nothing is done twice.

Half an hour on two cores: `uv run pytest -m slow -k hundred -s`; fewer with `KILLS=10`. A tenth of
them hits trials that are trained side by side.
"""

from __future__ import annotations

import json
import os
import time
from itertools import pairwise
from pathlib import Path

import pytest
from filelock import FileLock

from tasks.paths import NOTES
from tests.pipeline.campaign import Campaign, epochs_of_each
from tests.pipeline.left import contents, forget_trials, metrics, results
from tests.pipeline.processes import nothing_is_left
from tests.pipeline.project import Project, end_of

KILLS, SEED = int(os.environ.get("KILLS", "100")), 20261121
EPOCHS, SEEDS = 12, 8


def grid(params: dict) -> None:
    """Prompts with both kinds of mappings, trials on cached outputs, and trials of one epoch."""
    block = params["grid"]["pixel"]
    block["training"]["epochs"] = EPOCHS
    block["method"] = {"none": None, "lor_vp": {"rank": 1}, **block["method"]}
    block["seed"] = list(range(SEEDS))
    params["compute"].update(workers=1, retries=KILLS)


@pytest.mark.slow
@pytest.mark.timeout(3 * 3600)
def test_a_hundred_kills(project: Project, tmp_path: Path):
    project.edit(grid)
    survives(project, tmp_path / "undisturbed", KILLS)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_tenth_of_a_hundred_kills_side_by_side(project: Project, tmp_path: Path):
    """Of groups of three, which end with the bits of a run without groups."""
    project.edit(grid)
    project.edit(lambda params: params["grid"]["pixel"].update(seed=[0, 1]))
    survives(project, tmp_path / "undisturbed", max(1, KILLS // 10), lanes=3)


def survives(project: Project, elsewhere: Path, kills: int, lanes: int = 1) -> None:
    """Kill so often, and compare with the same grid that is trained alone and undisturbed."""
    forget_trials(project)
    undisturbed = project.copy(elsewhere)
    project.edit(lambda params: params["compute"].update(lanes=lanes))
    started = time.monotonic()
    with undisturbed.started("-m", "dvc", "repro") as process:
        done = end_of(process, seconds=1800)
    assert done.code == 0, done.out
    alone = time.monotonic() - started

    with Campaign(project, SEED) as campaign:
        while campaign.kills.total() < kills:
            campaign.kill_one()
        campaign.finish()
        told = f"{dict(campaign.kills)}, {campaign.runs} runs"
    print(f"\n{told}; alone {alone:.0f} s, in all {time.monotonic() - started:.0f} s")
    print(f"{repeated(project)} epochs trained again of {total(undisturbed)}")

    check(project, undisturbed, kills)


def check(project: Project, undisturbed: Project, kills: int) -> None:
    same_results(project, undisturbed)
    lost_at_most_one_epoch_at_a_time(project, undisturbed)
    assert repeated(project) <= kills
    nothing_lies_around(project)


def total(project: Project) -> int:
    return sum(map(len, epochs_of_each(project).values()))


def repeated(project: Project) -> int:
    """The number of epochs that are in a log twice."""
    return sum(len(told) - len(set(told)) for told in epochs_of_each(project).values())


def same_results(project: Project, undisturbed: Project) -> None:
    """Check tables, and every byte of weights and predictions."""
    assert results(project).equals(results(undisturbed))
    assert metrics(project) == metrics(undisturbed)
    for name in ("weights.safetensors", "predictions.parquet"):
        found = contents(project.prompts, name)
        assert found == contents(undisturbed.prompts, name)
        assert found == contents(project.store, name)
    assert histories(project) == histories(undisturbed)


def histories(project: Project) -> dict[str, list[dict]]:
    """The record of each trial without times."""
    found = {
        name: json.loads(text) for name, text in contents(project.store, "history.json").items()
    }
    return {
        name: [dict(row, seconds=0, wall_seconds=0) for row in rows] for name, rows in found.items()
    }


def lost_at_most_one_epoch_at_a_time(project: Project, undisturbed: Project) -> None:
    """Check that no trial went back further than to the last epoch in its log."""
    expected, found = epochs_of_each(undisturbed), epochs_of_each(project)
    assert found.keys() == expected.keys()
    for name, told in found.items():
        assert sorted(set(told)) == expected[name]
        assert all(after - before in (0, 1) for before, after in pairwise(told)), (name, told)


def nothing_lies_around(project: Project) -> None:
    """Check that no process, unfinished file, resume point or held lock is left."""
    nothing_is_left(project)
    store, work = project.store, project.repo / "data/.work"
    for folder in (store / ".work", store / ".resume"):
        assert list(folder.iterdir()) == [], folder
    kept = {"logs", NOTES.name}  # what was said, and which images were read in full
    assert {path.name for path in work.iterdir() if path.is_dir()} == kept
    assert [*project.root.rglob(".*~*")] == []
    for path in (store / ".locks").iterdir():
        FileLock(path).acquire(blocking=False)
    assert {path.name for path in project.prompts.iterdir()} == set(project.trials())
