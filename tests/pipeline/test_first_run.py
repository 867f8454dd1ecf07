"""What `dvc repro` leaves in a fresh clone, and what it does not."""

from __future__ import annotations

import hashlib
import json
import re
import statistics
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from tests.pipeline.api import ask, server
from tests.pipeline.conftest import API_KEY, FirstRun
from tests.pipeline.processes import nothing_is_left
from tests.support.readme import snippet

DETAILS = ("confusion", "curves", "mapping", "prompts", "regions", "time")
GRID = {(m, c, s) for m in ("lor_vp", "adavipro") for c in ("ilm", "lp") for s in (0, 1)}


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
    """Without what shows the best, and what fills cells up."""
    return re.sub(r"\*\*|</?u>| +(?=\|)|(?<=\|) +", " ", markdown).replace("  ", " ")


def cell(markdown: str, row: str, column: str) -> str:
    """What the printed table has for a method and a mapping."""
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


def test_git_sees_only_tables_and_locks(first: FirstRun):
    lines = first.project.git("status", "--porcelain", "--untracked-files=all").splitlines()
    changed = {line[3:] for line in lines} - {"params.yaml", "dvc.lock"}
    assert changed
    assert all(name.startswith("data/tables/") for name in changed), changed


def test_the_server_listened_to_this_machine_only(first: FirstRun):
    assert first.addresses == {"127.0.0.1"}


def test_prefect_recorded_the_run(first: FirstRun):
    with server(first.project) as url:
        [flow_run] = ask(url, "/flow_runs/filter")
        runs = ask(url, "/task_runs/filter")
        artifacts = {a["key"]: a["data"] for a in ask(url, "/artifacts/filter")}
        logs = ask(url, "/logs/filter", limit=200)
    assert re.fullmatch(r"prompts \d{4}-\d\d-\d\d \d\d:\d\d", flow_run["name"])
    assert flow_run["state"]["message"] == f"{len(GRID)} trials trained"
    assert {run["state_type"] for run in runs} == {"COMPLETED"}
    names = {trial["name"] for trial in first.project.trials().values()}
    assert {run["name"] for run in runs} == names | {"results"}
    assert len(runs) == len(GRID) + 1
    [run] = [run for run in runs if run["name"].startswith("lor_vp r=1 · ilm · digits · seed 0")]
    assert set(run["tags"]) == {"digits", "letters_resnet", "lor_vp", "lor_vp r=1", "ilm"}
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
    """As the files have them, and every picture."""
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


def test_the_library_does_what_readme_shows(first: FirstRun, tmp_path: Path):
    """Both longer snippets, in the project, with a prompt and an image that are there."""
    fingerprint = next(iter(first.project.trials()))
    Image.new("RGB", (40, 30), "white").save(tmp_path / "image.png")
    there = snippet("lorvp.load").replace("FINGERPRINT", fingerprint)
    there = there.replace("image.png", str(tmp_path / "image.png"))
    done = first.project.python("-c", there + snippet("Trial("))
    assert done.code == 0, done.out
    answered, *epochs, ended = done.out.splitlines()
    assert re.fullmatch(r"\[Answer\(name='\d', confidence=[01]\.\d+\)\]", answered)
    assert len(epochs) == 5
    assert re.fullmatch(r"0\.\d+ torch\.Size\(\[3, 32, 4\]\)", ended)


def test_a_trial_can_be_profiled_where_it_ran(first: FirstRun):
    done = first.project.python("-m", "flows.profile", "adavipro", "p=8", "s=8", "·", "lp")
    assert done.code == 0, done.out
    assert done.out.startswith("adavipro p=8 s=8 · lp · digits · seed 0, fp32, batch 64, cpu\n")
    assert re.search(r"images per core-second: \d+% of the limit", done.out)
    assert "aten::" in done.out


def test_a_profile_of_no_trial_names_those_there_are(first: FirstRun):
    done = first.project.python("-m", "flows.profile", "no such")
    assert done.code == 2
    assert "no trial's name holds 'no such'" in done.out
    assert "lor_vp r=1 · ilm" in done.out


def test_outputs_that_were_shared_are_not_left(first: FirstRun):
    assert not (first.project.repo / "data/.work/outputs").exists()
