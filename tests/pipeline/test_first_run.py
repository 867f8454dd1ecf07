"""The files that `dvc repro` leaves in a fresh clone, and no others."""

from __future__ import annotations

import json
import re
import statistics

import numpy as np
import polars as pl
import pytest

from tests.pipeline.first_run import GRID, FirstRun
from tests.pipeline.processes import nothing_is_left

DETAILS = ("confusion", "curves", "mapping", "prompts", "regions", "time")


def test_every_stage_ran(first: FirstRun):
    names = ["datasets@letters", "datasets@digits", "checkpoints@letters_resnet"]
    assert first.done.stages == [*names, "prompts", "shifts", "tables"]
    assert first.done.to_train == len(GRID)


def test_the_trials_are_exactly_the_grid(first: FirstRun):
    settings = [trial["identity"]["settings"] for trial in first.project.trials().values()]
    found = [(s["method"]["kind"], s["mapping"]["kind"], s["seed"]) for s in settings]
    assert len(found) == len(GRID)
    assert set(found) == GRID


def test_a_trial_in_the_project_is_the_one_in_the_store(first: FirstRun):
    for fingerprint in first.project.trials():
        folders = [first.project.prompts / fingerprint, first.project.store / fingerprint]
        here, there = ({f.name: f.read_bytes() for f in folder.iterdir()} for folder in folders)
        assert here == there


def test_accuracies_follow_from_the_predictions(first: FirstRun):
    digits = first.project.repo / "data/datasets/digits"
    sizes = json.loads((digits / "manifest.json").read_text())["sizes"]
    labels = np.load(digits / "labels.npy")[-sizes["test"] :]
    table = pl.read_csv(first.project.tables / "results.csv")
    assert set(table["trial"]) == set(first.project.trials())
    for row in table.iter_rows(named=True):
        folder = first.project.prompts / row["trial"]
        answers = pl.read_parquet(folder / "predictions.parquet")
        assert np.array_equal(answers["label"], labels)
        right = np.asarray(answers["predicted"]) == labels
        assert row["test_accuracy"] == pytest.approx(right.sum() / len(right))
        history = json.loads((folder / "history.json").read_text())
        # Of equals, which another processor may have, the one with the lower loss.
        best = max(history, key=lambda epoch: (epoch["val_accuracy"], -epoch["val_loss"]))
        assert row["val_accuracy"] == best["val_accuracy"]
        assert row["best_epoch"] == best["epoch"]


def test_the_comparison_has_mean_and_spread_of_the_seeds(first: FirstRun):
    tables = first.project.tables
    results = pl.read_parquet(tables / "results.parquet")
    assert results.write_csv() == (tables / "results.csv").read_text()
    printed = unmarked((tables / "comparison.md").read_text())
    for (method, mapping), group in results.group_by("method", "mapping"):
        shares = [100 * share for share in group["test_accuracy"]]
        mean, spread = statistics.mean(shares), statistics.stdev(shares)
        shown = cell(printed, str(method), str(mapping))
        assert [float(number) for number in shown.split(" ± ")] == [
            pytest.approx(mean, abs=0.0501),
            pytest.approx(spread, abs=0.0501),
        ]
        metrics = json.loads((tables / "metrics" / metrics_name(str(method))).read_text())
        assert metrics[mapping] == pytest.approx(mean, abs=0.00501)
    rows = [line for line in printed.splitlines() if line.startswith("| ")]
    assert len(rows) == 3
    assert set(rows) <= set(unmarked(first.done.out).splitlines())


def unmarked(markdown: str) -> str:
    """Markdown without the marks of the best cells and without padding."""
    return re.sub(r"\*\*|</?u>| +(?=\|)|(?<=\|) +", " ", markdown).replace("  ", " ")


def cell(markdown: str, row: str, column: str) -> str:
    """The cell of the printed table for a method and a mapping."""
    lines = [[word.strip() for word in line.split("|")] for line in markdown.splitlines()]
    [place] = [i for i, head in enumerate(lines[0]) if head.split(" ")[0] == column]
    [line] = [line for line in lines if row in line]
    return line[place]


def metrics_name(method: str) -> str:
    return method.replace("=", "").replace(" ", "_") + ".json"


def test_only_the_grid_has_metrics(first: FirstRun):
    names = {path.name for path in (first.project.tables / "metrics").iterdir()}
    assert names == {"lor_vp_r1.json", "adavipro_p8_s8.json"}


def test_pictures_are_there(first: FirstRun):
    folder = first.project.tables / "pictures"
    names = {str(path.relative_to(folder)) for path in folder.rglob("*.png")}
    pair = "digits-letters_resnet"
    details = {f"{pair}/{name}.png" for name in DETAILS}
    assert names == {"accuracy.png", "values.png"} | details
    for name in names:
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
        assert (folder / name).stat().st_size > 5000


def test_nothing_is_left_behind(first: FirstRun):
    nothing_is_left(first.project)
    work = first.project.repo / "data/.work"
    kept = {"logs", "whole"}  # of each trial, to be read; which images are known to be whole
    assert {path.name for path in work.glob("*") if path.is_dir()} <= kept
    assert list((first.project.store / ".work").glob("*")) == []
    assert {path.name for path in first.project.prompts.iterdir()} == set(first.project.trials())
    found = {path.name for path in (first.project.repo / "data").rglob(".*~*")}
    assert found == set(), "scratch folders"


def test_git_sees_only_what_dvc_asks_to_commit(first: FirstRun):
    """No file that came with the project is changed, but the one that the test edits."""
    lines = first.project.git("status", "--porcelain", "--untracked-files=all").splitlines()
    assert sorted(lines) == [" M params.yaml", "?? dvc.lock"]


def test_the_server_listened_to_this_machine_only(first: FirstRun):
    assert first.addresses == {"127.0.0.1"}


def test_outputs_that_were_shared_are_not_left(first: FirstRun):
    assert not (first.project.repo / "data/.work/outputs").exists()
