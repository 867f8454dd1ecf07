"""What Prefect and Weights & Biases keep of the first run."""

from __future__ import annotations

import hashlib
import json
import re

import polars as pl

from tests.pipeline.api import ask, server
from tests.pipeline.first_run import API_KEY, GRID, FirstRun


def test_prefect_recorded_the_run(first: FirstRun):
    with server(first.project) as url:
        [flow_run] = ask(url, "/flow_runs/filter")
        runs = ask(url, "/task_runs/filter")
        artifacts = {a["key"]: a["data"] for a in ask(url, "/artifacts/filter")}
        logs = ask(url, "/logs/filter", limit=200)
    name = re.escape(first.project.repo.name)
    assert re.fullmatch(rf"{name} \d{{4}}-\d\d-\d\d \d\d:\d\d", flow_run["name"])
    assert flow_run["state"]["message"] == f"{len(GRID)} trials trained"
    assert {run["state_type"] for run in runs} == {"COMPLETED"}
    names = {trial["name"] for trial in first.project.trials().values()}
    assert {run["name"] for run in runs} == names | {"results"}
    assert len(runs) == len(GRID) + 1
    [run] = [run for run in runs if run["name"].startswith("lor_vp r=1 · ilm · digits · seed 0")]
    folder = str(first.project.repo)
    assert flow_run["tags"] == [folder]
    words = {"digits", "letters_resnet", "lor_vp", "lor_vp r=1", "ilm"}
    assert set(run["tags"]) == words | {folder}
    assert artifacts["trials"] == 100
    assert {row["method"] for row in json.loads(artifacts["results"])} == {
        "lor_vp r=1",
        "adavipro p=8 s=8",
    }
    assert sum("epoch   1: loss" in log["message"] for log in logs) == len(GRID)


def test_wandb_keeps_a_run_for_each_trial(first: FirstRun):
    folder = first.project.repo / "data/wandb/wandb"
    assert len([*folder.glob("offline-run-*")]) == len(GRID) + 1
    for fingerprint, trial in first.project.trials().items():
        [run] = folder.glob(f"offline-run-*-{fingerprint}")
        record = (run / f"run-{fingerprint}.wandb").read_bytes()
        settings = trial["identity"]["settings"]
        method, mapping, *_ = trial["name"].split(" · ")
        group = f"{method} · {mapping} · digits"
        assert group.encode() in record, "no group"
        assert trial["name"].encode() in record
        columns = {f"method_{key}" for key in settings["method"]} - {"method_kind"}
        assert all(column.encode() in record for column in columns | {"optimizer", "epochs"})
        assert b"test_accuracy" in record


def test_wandb_keeps_the_tables_of_the_grid(first: FirstRun):
    """The tables are those of the files, and all pictures are there."""
    trials = " ".join(sorted(first.project.trials()))
    grid = hashlib.sha256(trials.encode()).hexdigest()[:20]
    [run] = first.project.repo.glob(f"data/wandb/wandb/offline-run-*-{grid}")
    media = run / "files/media"
    [results] = [json.loads(path.read_text()) for path in media.glob("table/results_*.json")]
    table = pl.read_parquet(first.project.tables / "results.parquet")
    assert results["columns"] == table.columns
    assert [tuple(row) for row in results["data"]] == table.rows()
    [comparison] = [json.loads(path.read_text()) for path in media.glob("table/comparison/*.json")]
    methods = {row[0] for row in comparison["data"]}
    assert methods == {"lor_vp r=1", "adavipro p=8 s=8"}
    drawn = {path.read_bytes() for path in (first.project.tables / "pictures").rglob("*.png")}
    assert {path.read_bytes() for path in media.rglob("*.png")} == drawn
    [page] = media.rglob("*.html")
    assert page.read_bytes() == (first.project.tables / "report.html").read_bytes()


def test_the_api_key_is_written_nowhere(first: FirstRun):
    assert API_KEY not in first.done.out
    files = [path for path in first.project.root.rglob("*") if path.is_file()]
    assert len(files) > 100
    tests = first.project.repo / "tests"
    found = [path for path in files if API_KEY.encode() in path.read_bytes()]
    assert [path for path in found if not path.is_relative_to(tests)] == []
