"""Every number on the page of the first run, from the trials' own files by plain arithmetic."""

from __future__ import annotations

import json
import math
import re
import statistics
from collections import defaultdict
from itertools import combinations

import polars as pl
import pytest
from scipy import stats

from tests.pipeline.first_run import FirstRun
from tests.pipeline.page import Tables

NORMAL = 1.959963985


@pytest.fixture(scope="module")
def tables(first: FirstRun) -> Tables:
    return Tables((first.project.tables / "report.html").read_text())


@pytest.fixture(scope="module")
def trials(first: FirstRun) -> dict[tuple[str, str], list[dict]]:
    """The trials of each method and mapping in the order of seeds: record, history, predictions."""
    found = defaultdict(list)
    for folder in first.project.prompts.iterdir():
        record = json.loads((folder / "trial.json").read_text())
        method, mapping, *_ = record["name"].split(" · ")
        answers = pl.read_parquet(folder / "predictions.parquet").rows(named=True)
        history = json.loads((folder / "history.json").read_text())
        seed = record["identity"]["settings"]["seed"]
        found[method, mapping].append(
            record | {"answers": answers, "seed": seed, "history": history}
        )
    return {key: sorted(group, key=lambda trial: trial["seed"]) for key, group in found.items()}


def right(trial: dict) -> list[bool]:
    return [row["label"] == row["predicted"] for row in trial["answers"]]


def accuracies(group: list[dict]) -> list[float]:
    return [100 * sum(right(trial)) / len(trial["answers"]) for trial in group]


def near(text: str, *numbers: float) -> bool:
    """Whether these numbers, rounded to one digit, are those of the text, in order.

    Halves may be rounded either way: which, the last bit decides.
    """
    found = [float(number) for number in re.findall(r"-?\d+\.\d", text)]
    return found == pytest.approx(numbers, abs=0.05001)


def spread(values: list[float]) -> tuple[float, float]:
    return statistics.mean(values), statistics.stdev(values)


def test_the_comparison(tables: Tables, trials):
    rows = {row["method"]: row for row in tables.rows("comparison")}
    heads = {"ilm": "ilm", "lp": "lp (+970)"}
    assert len(rows) == 2
    for (method, mapping), group in trials.items():
        assert near(rows[method][heads[mapping]], *spread(accuracies(group)))
    for method, row in rows.items():
        groups = [trials[method, mapping] for mapping in heads]
        seconds = [[t["summary"]["seconds"] for t in group] for group in groups]
        means = [statistics.mean(each) for each in seconds]
        assert float(row["seconds"]) == pytest.approx(statistics.mean(means), abs=0.0501)
        # 497 training images of the 1,797, in two epochs.
        speeds = [statistics.mean(2 * 497 / each for each in of_one) for of_one in seconds]
        assert int(row["images/s"].replace(",", "")) == pytest.approx(
            statistics.mean(speeds), abs=0.51
        )
        content = groups[0][0]["summary"]
        values = content["content_values"] + content["placement_values"]
        assert row["prompt values"] == f"{values:,}"


def test_the_details(tables: Tables, trials):
    rows = {(row["method"], row["mapping"]): row for row in tables.rows("details")}
    assert rows.keys() == trials.keys()
    for key, group in trials.items():
        found, row = accuracies(group), rows[key]
        low, high = interval([right(trial) for trial in group])
        val = [100 * max(epoch["val_accuracy"] for epoch in t["history"]) for t in group]
        assert near(row["test %"], *spread(found))
        assert near(row["95 % interval"], 100 * low, 100 * high)
        assert near(row["validation %"], statistics.mean(val))
        assert near(row["ECE %"], statistics.mean(100 * ece(t["answers"]) for t in group))
        assert row["trained values"] == f"{group[0]['summary']['trained_values']:,}"
        times = {"seconds": "seconds", "wall seconds": "wall_seconds"}
        for column, name in times.items():
            assert near(row[column], statistics.mean(t["summary"][name] for t in group))
        assert all(t["summary"]["wall_seconds"] > 0 for t in group)


def interval(seeds: list[list[bool]]) -> tuple[float, float]:
    """Where |p - q| = t sqrt(q (1 - q) / n), for as many images n as the spread over seeds and
    images is worth; by bisection."""
    of_seeds = [statistics.mean(map(float, seed)) for seed in seeds]
    of_images = [statistics.mean(map(float, image)) for image in zip(*seeds, strict=True)]
    means = [(of_seeds, len(of_seeds)), (of_images, len(of_images))]
    parts = [(statistics.variance(of) / number, number - 1) for of, number in means]
    p, v = statistics.mean(of_seeds), sum(part for part, _ in parts)
    t = float(stats.t.ppf(0.975, v**2 / sum(part**2 / free for part, free in parts)))
    n = p * (1 - p) / v

    def inside(q: float) -> bool:
        return abs(p - q) <= t * math.sqrt(q * (1 - q) / n)

    return end(inside, p, 0.0), end(inside, p, 1.0)


def end(inside, start: float, beyond: float) -> float:
    for _ in range(60):
        middle = (start + beyond) / 2
        start, beyond = (middle, beyond) if inside(middle) else (start, middle)
    return start


def ece(answers: list[dict]) -> float:
    gaps = defaultdict(float)
    for row in answers:
        place = max(1, math.ceil(row["confidence"] * 15))
        gaps[place] += (row["label"] == row["predicted"]) - row["confidence"]
    return sum(map(abs, gaps.values())) / len(answers)


def test_the_classes(tables: Tables, trials):
    rows = {(row["method"], row["mapping"]): row for row in tables.rows("classes")}
    for key, group in trials.items():
        for digit in range(10):
            shares = []
            for trial in group:
                own = [r for r in trial["answers"] if r["label"] == digit]
                shares.append(100 * sum(r["predicted"] == digit for r in own) / len(own))
            assert near(rows[key][str(digit)], statistics.mean(shares))


def test_the_paired_tests(first: FirstRun, tables: Tables, trials):
    """The expected p comes from the exact distribution of the sum, built image by image."""
    table = pl.read_parquet(first.project.tables / "numbers/tests.parquet")
    rows = {(row["mapping"], row["a"], row["b"]): row for row in table.to_dicts()}
    assert len(rows) == 2
    chances, known = {}, {}
    for mapping, a, b in rows:
        pairs = zip(trials[a, mapping], trials[b, mapping], strict=True)
        seeds = [[x - y for x, y in zip(right(s), right(t), strict=True)] for s, t in pairs]
        gains = [sum(image) for image in zip(*seeds, strict=True)]
        row, images = rows[mapping, a, b], len(gains)
        per_image = [100 * gain / 2 for gain in gains]
        mean = statistics.mean(per_image)
        half = NORMAL * statistics.stdev(per_image) / math.sqrt(images)
        found = [row["difference"], row["low"], row["high"]]
        assert found == pytest.approx([mean, mean - half, mean + half])
        ahead, behind = sum(sum(s) > 0 for s in seeds), sum(sum(s) < 0 for s in seeds)
        assert (row["ahead"], row["behind"], row["seeds"]) == (ahead, behind, 2)
        chances[mapping] = p_of(gains)
        known[mapping] = a, b, mean, ahead, behind
    smaller, larger = sorted(chances, key=chances.__getitem__)
    corrected = {smaller: min(1, 2 * chances[smaller])}
    corrected[larger] = max(corrected[smaller], chances[larger])
    for (mapping, *_), row in rows.items():
        assert row["p"] == pytest.approx(chances[mapping], abs=1e-9)
        assert row["p_holm"] == pytest.approx(corrected[mapping], abs=1e-9)
    check_the_matrices(tables, known, corrected)


def check_the_matrices(tables: Tables, known: dict, corrected: dict[str, float]) -> None:
    """For each mapping a head and two rows, the better mean first."""
    found = tables.found["tests"]
    for mapping, at in zip(known, range(0, len(found), 3), strict=True):
        a, b, mean, ahead, behind = known[mapping]
        first, second = (a, b) if mean >= 0 else (b, a)
        clear = corrected[mapping] < 0.05 and max(ahead, behind) == 2
        up, down = ("▲ ", "▼ ") if clear else ("", "")
        assert found[at] == ["method", "1", "2"]
        assert [row[0] for row in found[at + 1 : at + 3]] == [f"1. {first}", f"2. {second}"]
        assert found[at + 1][1] == found[at + 2][2] == "–"
        assert found[at + 1][2].startswith(f"{up}+")
        assert near(found[at + 1][2].removeprefix(up).lstrip("+"), abs(mean))
        assert near(found[at + 2][1].removeprefix(down), -abs(mean))


def p_of(gains: list[int]) -> float:
    chance = {0: 1.0}
    for gain in gains:
        if gain:
            after = defaultdict(float)
            for total, share in chance.items():
                after[total + gain] += share / 2
                after[total - gain] += share / 2
            chance = after
    return sum(share for total, share in chance.items() if abs(total) >= abs(sum(gains)))


def test_every_trial_and_every_hash_is_named(first: FirstRun, tables: Tables, trials):
    named = {row["trial"]: row for row in tables.rows("trials")}
    every = [trial for group in trials.values() for trial in group]
    assert len(named) == len(every)
    for trial in every:
        assert named[trial["name"]]["fingerprint"] == trial["fingerprint"]
        assert named[trial["name"]]["code"] == trial["identity"]["code"]
    (network,) = tables.rows("checkpoints")
    assert network["SHA-256 of the weights"] == every[0]["network"]["weights_sha256"]
    digests = {row["dataset"]: row["SHA-256"] for row in tables.rows("datasets")}
    assert digests["digits"] == every[0]["identity"]["dataset"]
    (software,) = tables.rows("environment")
    known = {name: str(value) for name, value in every[0]["environment"].items()}
    assert software == known | {"trials": "8"}


def test_formats_tell_the_same(first: FirstRun):
    numbers = first.project.tables / "numbers"
    for path in numbers.glob("*.parquet"):
        table = pl.read_parquet(path)
        assert pl.read_csv(path.with_suffix(".csv"), infer_schema=False).shape == table.shape
        assert (first.project.tables / f"{path.stem}.md").exists()
    text = (numbers / "comparison.tex").read_text()
    assert text.count(r"\textbf{") == 2
    assert text.count(r"\underline{") == 2
    assert r"lor\_vp r=1" in text


def test_two_trials_never_share_a_row(tables: Tables):
    for section in ("comparison", "details", "classes", "trials"):
        rows = [tuple(row.values()) for row in tables.rows(section)]
        assert all(a != b for a, b in combinations(rows, 2))
