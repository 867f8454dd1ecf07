"""Rows whose training differs say so in their names, and no line joins them."""

from dataclasses import replace

import polars as pl
import pytest

from lorvp.experiment.trial import Point
from lorvp.recipe import TrainingConfig
from lorvp.results import pictures
from lorvp.results.pictures import accuracy_by_setting, accuracy_by_values
from lorvp.results.tables import chosen, comparison, results
from lorvp.results.tables.alike import as_usual, notices, told_apart
from tests.support.records import record

USUAL = TrainingConfig(epochs=20, lr=0.05)


def trained(training: TrainingConfig, *, name="", rank=4, mapping="ilm", seed=0, accuracy=0.5,
            label="", placement=0, tuned=None) -> tuple[Point, dict]:  # fmt: skip
    """A `record` of LoR-VP with this rank and training."""
    point, facts = record("lor_vp r=4", mapping, seed, accuracy, training=label)
    method = point.trial.method.model_copy(update={"rank": rank})
    trial = point.trial.model_copy(update={"training": training, "method": method})
    facts["summary"]["placement_values"] = placement
    facts["summary"]["content_values"] = 96 * rank
    head = facts["summary"]["mapping_values"]
    facts["summary"]["trained_values"] = 96 * rank + placement + head
    facts["fingerprint"] += f"{rank} {training.model_dump_json()}"
    return Point(trial, name or f"lor_vp r={rank}", mapping, label, tuned=tuned), facts


ALIKE = [trained(USUAL, rank=rank, seed=seed) for rank in (1, 4, 16) for seed in (0, 1)]

OTHER = {
    "epochs=3": {"epochs": 3},
    "lr=0.5": {"lr": 0.5},
    "bf16": {"precision": "bf16"},
    "batch_size=8": {"batch_size": 8},
    "adam": {"optimizer": "adam"},
    "sgd{momentum=0.5}": {"optimizer": {"kind": "sgd", "momentum": 0.5}},
    "augmentation={flip=True}": {"augmentation": {"flip": True}},
    "constant": {"schedule": "constant"},
    "epochs=3 bf16": {"precision": "bf16", "epochs": 3},
}


def other(changes: dict) -> TrainingConfig:
    return TrainingConfig.model_validate({"epochs": 20, "lr": 0.05} | changes)


@pytest.mark.parametrize("words", OTHER)
def test_an_unfair_block_says_so_in_the_names_of_its_rows_and_above_all_tables(words):
    table = results([*ALIKE, *(trained(other(OTHER[words]), rank=2, seed=s) for s in (0, 1))])
    named = told_apart(table)
    names = ["lor_vp r=1", "lor_vp r=4", "lor_vp r=16", f"lor_vp r=2 ({words})"]
    assert named["method"].unique(maintain_order=True).to_list() == names
    assert comparison(chosen(named))["method"].to_list() == names
    [said] = notices(table)
    assert said.startswith("digits, net: not all rows were trained alike.")
    assert as_usual(table).to_list() == [True] * 6 + [False] * 2


def test_rows_that_were_trained_alike_keep_their_names():
    table = results(ALIKE)
    assert told_apart(table)["method"].to_list() == table["method"].to_list()
    assert notices(table) == []
    assert as_usual(table).all()


def test_the_notice_says_what_most_rows_have():
    unfair = trained(other({"epochs": 3, "lr": 0.5}), rank=2)
    [said] = notices(results([*ALIKE, unfair]))
    assert "which have epochs=20 lr=0.05." in said
    assert "several values" not in said


def test_one_name_in_two_blocks_is_two_rows_and_no_mean_of_both():
    """Without names of their own, trials of 3 and of 20 epochs would pass for seeds of one row."""
    rows = [*ALIKE, trained(other({"epochs": 3}), rank=4, accuracy=0.9)]
    table = comparison(chosen(told_apart(results(rows))))
    cells = dict(table.select("method", "ilm").rows())
    assert cells["lor_vp r=4"] == "50.0 ± 0.0"
    assert cells["lor_vp r=4 (epochs=3)"] == "90.0"


def test_a_rate_that_acts_on_nothing_makes_no_difference():
    rate = {"lr_placement": 0.3, "lr_mapping": 0.3}
    assert notices(results([*ALIKE, trained(other(rate), rank=2)])) == []
    [with_head] = [trained(other(rate), rank=2, mapping="lp")]
    heads = [trained(USUAL, rank=rank, mapping="lp") for rank in (1, 4)]
    named = told_apart(results([*heads, with_head]))["method"].to_list()
    assert named == ["lor_vp r=1", "lor_vp r=4", "lor_vp r=2 (lr_mapping=0.3)"]
    placed = [trained(USUAL, rank=rank, placement=9) for rank in (1, 4)]
    named = told_apart(results([*placed, trained(other(rate), rank=2, placement=9)]))["method"]
    assert named[2] == "lor_vp r=2 (lr_placement=0.3)"


def test_a_row_has_one_name_for_all_its_mappings():
    """lr_mapping acts with lp alone, and would be another row of the table."""
    rate = other({"lr": 0.5, "lr_mapping": 0.3})
    every = [trained(USUAL, rank=rank, mapping=m) for rank in (1, 4) for m in ("ilm", "lp")]
    unfair = [trained(rate, rank=2, mapping=m) for m in ("ilm", "lp")]
    named = told_apart(results([*every, *unfair]))["method"].to_list()
    assert named[-2:] == ["lor_vp r=2 (lr=0.5 lr_mapping=0.3)"] * 2


def test_a_row_that_trains_nothing_differs_in_nothing():
    point, facts = trained(other({"epochs": 3}), rank=2)
    facts["summary"] |= {"content_values": 0, "trained_values": 0}
    assert notices(results([*ALIKE, (point, facts)])) == []


def swept(key: str, *values, **more) -> list[tuple[Point, dict]]:
    """A row of a sweep, whose labels name the values; the last is the best."""
    return [
        trained(other({key: value}), label=f"{key}={value}", accuracy=0.1 * at, **more)
        for at, value in enumerate(values, 1)
    ]


@pytest.mark.parametrize(
    ("key", "values", "words"),
    [
        ("lr", (0.01, 0.1), "lr=0.01/0.1"),
        ("lr", (0.05, 0.1), "lr=0.05/0.1"),
        ("lr", (0.1, 0.2, 0.3, 0.4, 0.5), "lr=0.1/…/0.5"),
        ("optimizer", ("sgd", {"kind": "sgd", "momentum": 0.5}), "sgd/sgd{momentum=0.5}"),
    ],
)
def test_a_swept_row_beside_others_has_all_its_values_in_its_name(key, values, words):
    table = results([*ALIKE, *swept(key, *values, rank=2)])
    named = told_apart(table)
    main = comparison(chosen(named))
    assert main["method"].to_list()[3:] == [f"lor_vp r=2 ({words})"], "one row, chosen among all"
    assert main["ilm"][-1] == f"{10 * len(values):.1f}"
    [said] = notices(table)
    assert "Where there are several values, validation chose one of them" in said
    assert not as_usual(chosen(named))[-1]


def test_rows_that_were_swept_alike_keep_their_names_whatever_validation_chose():
    every = [one for rank in (1, 4) for one in swept("lr", 0.01, 0.1, rank=rank)]
    table = results([*every, trained(USUAL, rank=2), *swept("lr", 0.1, 0.5, rank=3)])
    names = ["lor_vp r=1", "lor_vp r=4", "lor_vp r=2 (lr=0.05)", "lor_vp r=3 (lr=0.1/0.5)"]
    assert told_apart(table)["method"].unique(maintain_order=True).to_list() == names
    assert "which have lr=0.01/0.1." in notices(table)[0]
    assert notices(results(every)) == []


SOUGHT = {"name": "lor_vp tuned=16", "rank": 3, "tuned": 16}
BY_SEARCH = {("digits", "net", "lor_vp tuned=16", "ilm"): {"lr"}}


def test_a_tuned_row_beside_others_has_its_budget_in_its_name_and_a_notice():
    table = results([*ALIKE, trained(other({"lr": 0.7}), **SOUGHT)])
    assert told_apart(table, BY_SEARCH)["method"].to_list()[-1] == "lor_vp tuned=16"
    [said] = notices(table, BY_SEARCH)
    assert said.startswith("digits, net: not all rows were tuned alike (as written, tuned=16).")
    assert as_usual(table).to_list() == [True] * 6 + [False]
    assert not notices(results([trained(other({"lr": 0.7}), **SOUGHT)]), BY_SEARCH)


def test_what_no_search_chose_for_a_tuned_row_is_in_its_name():
    """Also where another row's search chose that setting."""
    table = results([*ALIKE, trained(other({"epochs": 3, "lr": 0.7}), **SOUGHT)])
    named = told_apart(table, BY_SEARCH)["method"]
    assert named[-1] == "lor_vp tuned=16 (epochs=3)"
    of_another = {("digits", "net", "lor_vp tuned=8", "ilm"): {"lr"}}
    assert told_apart(table, of_another)["method"][-1] == "lor_vp tuned=16 (epochs=3 lr=0.7)"


def test_no_line_joins_a_tuned_row_that_was_trained_as_the_others():
    same = trained(USUAL, **SOUGHT, accuracy=0.99)
    rising = [trained(USUAL, rank=rank, accuracy=0.4 + rank / 100) for rank in (1, 4, 16)]
    [line] = lines(accuracy_by_values(told_apart(results([*rising, same]))).to_dict())
    assert [row["method"] for row in line["rows"]] == ["lor_vp r=1", "lor_vp r=4", "lor_vp r=16"]


def lines(chart: dict) -> list[dict]:
    """The layers of a chart that are lines, with their rows."""
    found = []

    def walk(part, data):
        if isinstance(part, dict):
            data = part.get("data", data)
            mark = part.get("mark")
            if (mark.get("type") if isinstance(mark, dict) else mark) == "line":
                found.append({"rows": chart["datasets"][data["name"]], **part})
            for value in part.values():
                walk(value, data)
        elif isinstance(part, list):
            for value in part:
                walk(value, data)

    walk(chart, None)
    return found


@pytest.mark.parametrize("words", OTHER)
def test_no_line_joins_ranks_that_were_trained_otherwise(words):
    unfair = [trained(other(OTHER[words]), rank=2, seed=seed) for seed in (0, 1)]
    table = pictures.swept(told_apart(results([*ALIKE, *unfair])))
    joined = {}
    for line in lines(accuracy_by_setting(table.filter(panel="lor_vp: rank")).to_dict()):
        assert line["encoding"]["detail"]["field"] == "line"
        for row in line["rows"]:
            joined.setdefault(row["line"], []).append(row["value"])
    assert sorted(joined.values()) == [[1, 4, 16], [2]]


@pytest.mark.parametrize("words", OTHER)
def test_no_front_joins_rows_that_were_trained_otherwise(words):
    """The unfair row is the best and the cheapest, and would be the front by itself."""
    unfair = trained(other(OTHER[words]), rank=1, name="lor_vp r=0", accuracy=0.99)
    rising = [trained(USUAL, rank=rank, accuracy=0.4 + rank / 100) for rank in (1, 4, 16)]
    [line] = lines(accuracy_by_values(told_apart(results([*rising, unfair]))).to_dict())
    assert [row["method"] for row in line["rows"]] == ["lor_vp r=1", "lor_vp r=4", "lor_vp r=16"]


def test_the_usual_is_found_for_each_dataset_and_network():
    fast = [
        (replace(point, trial=point.trial.model_copy(update={"dataset": "svhn"})), facts)
        for point, facts in (trained(other({"epochs": 3}), rank=rank) for rank in (1, 4))
    ]
    table = results([*ALIKE, *fast])
    assert notices(table) == []
    assert told_apart(table)["otherwise"].to_list() == [""] * 8
    assert table.filter(pl.col("dataset") == "svhn").height == 2
