"""Folders of prompts: seeds together, in the order of validation, and what `predict` takes."""

from pathlib import Path

import pytest

from lorvp.deployment.load import taken
from lorvp.results.tables.folders import ranking, to_read
from tests.support.records import record

EVERY = [  # method, mapping, seed, accuracy on validation and on test images
    ("lor_vp r=4", "ilm", 0, 0.80, 0.70),
    ("lor_vp r=4", "ilm", 1, 0.70, 0.60),
    ("full", "ilm", 0, 0.79, 0.95),  # the best on test images, and the best mean on neither
    ("full", "ilm", 1, 0.65, 0.90),
    ("full", "lp", 0, 0.76, 0.50),
]


def folders(rows=EVERY, dataset="digits"):
    """The trial.json of each, and its settings, by folder."""
    records, trials = {}, {}
    for method, mapping, seed, val, test in rows:
        point, facts = record(method, mapping, seed, test, dataset=dataset)
        facts["summary"]["val_accuracy"] = val
        facts["name"] = f"{method} · {mapping} · {dataset} · seed {seed}"
        facts["task"] = {"dataset": dataset, "class_names": ["a"]}
        facts["network"] = {"name": "net", "weights_sha256": "0" * 64}
        folder = Path(f"{dataset} {method} {mapping} {seed}")
        records[folder], trials[folder] = facts, point.trial
    return records, trials


def test_seeds_are_one_row_in_the_order_of_validation():
    records, trials = folders()
    table = ranking(records, trials, taken(records))
    assert table.select("prompt", "seeds", "val %", "test %", "predict takes").rows() == [
        ("full · lp · digits", 1, 76.0, 50.0, ""),
        ("lor_vp r=4 · ilm · digits", 2, 75.0, 65.0, "yes"),
        ("full · ilm · digits", 2, 72.0, 92.5, ""),
    ]
    assert table["val ±"].to_list() == [None, 7.0711, 9.8995]  # 10 / sqrt 2 and 14 / sqrt 2
    assert table["folder"].to_list()[1] == "digits lor_vp r=4 ilm 0"


def test_what_is_taken_has_the_best_single_seed_on_validation():
    records, trials = folders()
    [folder] = ranking(records, trials, taken(records)).filter(**{"predict takes": "yes"})["folder"]
    val = {str(path): one["summary"]["val_accuracy"] for path, one in records.items()}
    assert val[folder] == max(val.values())


def test_of_several_datasets_none_is_taken():
    records, trials = folders()
    more, others = folders(EVERY[:1], dataset="svhn")
    table = ranking(records | more, trials | others, taken(records | more))
    assert table["predict takes"].to_list() == [""] * 4
    assert table["dataset"].to_list() == ["digits"] * 3 + ["svhn"]


def test_what_was_trained_otherwise_is_a_row_that_says_so():
    records, trials = folders()
    folder = Path("short")
    [usual] = [path for path in records if str(path) == "digits full lp 0"]
    records[folder] = records[usual]
    short = trials[usual].training.model_copy(update={"epochs": 3})
    trials[folder] = trials[usual].model_copy(update={"training": short})
    names = ranking(records, trials, None)["prompt"].to_list()
    assert names[:2] == ["full · lp · digits", "full · lp · digits (epochs=3)"]


def test_a_table_to_read_leaves_out_what_all_share():
    records, trials = folders()
    shown = to_read(ranking(records, trials, None))
    assert shown.columns[:4] == ["prompt", "seeds", "val %", "test %"]
    assert shown["test %"].to_list() == ["50.0", "65.0 ± 7.1", "92.5 ± 3.5"]


@pytest.mark.parametrize("number", [1, 2])
def test_of_equals_the_fewest_values_are_taken(number):
    rows = [("full", "ilm", 0, 0.5, 0.5), ("lor_vp r=4", "ilm", 0, 0.5, 0.5)][-number:]
    records, _ = folders(rows)
    assert taken(records) == Path("digits lor_vp r=4 ilm 0")
