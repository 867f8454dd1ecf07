"""A block with `tune:` from params.yaml to its tables, with the commands of a user."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from tests.pipeline.project import Project

BLOCK = {
    "dataset": "digits", "network": "letters_resnet", "method": "lor_vp", "mapping": "lp",
    "seed": [0, 1], "training": {"epochs": 3, "optimizer": "adam"},
}  # fmt: skip


def tune(project: Project, budget: int) -> None:
    space = {"lr": {"low": 0.001, "high": 1.0, "log": True}, "rank": [1, 2]}
    tuned = BLOCK | {"tune": {"budget": budget, **space}}
    project.edit(lambda params: params["grid"].update(tuned=tuned))


def shown(project: Project) -> dict[str, list[dict[str, Any]]]:
    """The records in data/prompts: of settings that were tried, and of results."""
    found: dict[str, list[dict[str, Any]]] = {"search": [], "results": []}
    for path in project.prompts.glob("*/trial.json"):
        record = json.loads(path.read_text())
        kind = "search" if "part" in record["identity"]["settings"] else "results"
        found[kind].append(record)
    return found


@pytest.mark.slow
def test_a_row_is_tuned_again_with_more_and_again_with_less(project: Project):
    tune(project, 2)
    done = project.dvc("repro")
    assert (done.code, done.stages) == (0, ["prompts", "shifts", "tables"]), done.out
    assert done.to_train == 2, "the first rung"
    first = shown(project)
    assert not any("test_accuracy" in record["summary"] for record in first["search"])
    assert len(first["search"]) == 2 + 1, "a third of three epochs and a ninth are one rung"
    results = pl.read_csv(project.tables / "results.csv")
    tuned = results.filter(pl.col("tuned") == 2)
    assert tuned["method"].to_list() == ["lor_vp tuned=2 (epochs=3)"] * 2, "others have two"
    assert len(results) == len(first["results"])
    assert "lor_vp tuned=2" in (project.tables / "comparison.md").read_text()
    assert "| lor_vp | lp      | 2 " in (project.tables / "tuning.md").read_text()
    assert "not all rows were tuned alike" in (project.tables / "report.html").read_text()

    tune(project, 4)
    more = project.python("-m", "flows.prompts")
    assert (more.code, more.to_train) == (0, 2), more.out
    tune(project, 2)
    less = project.dvc("repro")
    assert (less.code, less.to_train) == (0, 0), less.out
    assert "Prefect" not in less.out
    again = pl.read_csv(project.tables / "results.csv").filter(pl.col("tuned") == 2)
    assert again["trial"].to_list() == tuned["trial"].to_list()


def test_a_search_without_a_usable_setting_is_named_and_the_rest_is_there(project: Project):
    wild = BLOCK | {
        "training": {"epochs": 3, "optimizer": {"kind": "sgd", "weight_decay": 1e6}},
        "tune": {"budget": 2, "lr": [1e6, 1e5]},
    }
    project.edit(lambda params: params["grid"].update(wild=wild))
    done = project.python("-m", "flows.prompts")
    assert done.code == 1
    assert "none of the 2 settings tried is of use (2 × diverged in epoch 0)" in done.out
    assert len(shown(project)["results"]) == 8
