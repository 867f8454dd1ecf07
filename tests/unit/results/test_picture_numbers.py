"""The numbers in the pictures against values worked out by hand."""

import base64
import io
import math

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lorvp.results.pictures import swept
from lorvp.results.pictures.accuracy_by_values import front
from lorvp.results.pictures.mapping import cell_lines, shortened
from lorvp.results.pictures.regions import tinted
from lorvp.results.pictures.summaries import (
    history_rows,
    mean_curves,
    most_chosen,
    over_seeds,
    spread_phrase,
)
from lorvp.results.pictures.tiles import centred, data_url
from tests.support.picture_samples import TRAINED, results, swept_results
from tests.support.records import record

pytestmark = pytest.mark.filterwarnings("error")


def test_over_seeds():
    row = over_seeds(results()).row(0, named=True)
    assert (row["method"], row["mapping"], row["seeds"]) == ("none", "flm", 3)
    # 35, 36, 37 %: mean 36, deviations -1, 0, 1, so the variance is 2 / (3 - 1) = 1.
    got = [row[name] for name in ("mean", "std", "low", "high")]
    assert got == pytest.approx([36, 1, 35, 37])


def test_one_seed_has_a_mean_and_no_spread():
    row = over_seeds(results(seeds=1)).row(0, named=True)
    assert row["mean"] == pytest.approx(35)
    assert [row[name] for name in ("std", "low", "high")] == [None, None, None]


def test_other_training_is_another_method():
    both = pl.concat([results(), results(training="slow")])
    methods = over_seeds(both)["method"].unique(maintain_order=True).to_list()
    assert methods == [*TRAINED, *(f"{name} slow" for name in TRAINED)]


def test_a_history_has_the_seconds_since_the_start():
    point, _ = record("full", "lp", 3, 0.5)
    epochs = [{"epoch": e, "val_accuracy": 0.1 * e, "loss": 1.0, "seconds": 2.0} for e in range(3)]
    assert history_rows(point, epochs).to_dicts() == [
        {"method": "full", "mapping": "lp", "seed": 3, "epoch": e, "val_accuracy": 0.1 * e,
         "seconds": 2.0 * (e + 1)}
        for e in range(3)
    ]  # fmt: skip


def test_mean_curves_stop_where_the_first_seed_stops():
    table = pl.DataFrame({"method": "full", "mapping": "lp", "seed": [0, 0, 1],
                          "epoch": [1, 2, 1], "val_accuracy": [0.5, 0.9, 0.7],
                          "seconds": [1.0, 2.0, 4.0]})  # fmt: skip
    assert mean_curves(table)["epoch"].to_list() == [1]
    assert mean_curves(table)["accuracy"].to_list() == pytest.approx([60])
    assert mean_curves(table)["seconds"].to_list() == [2.5]


def test_most_chosen_keeps_ties():
    table = pl.DataFrame({"method": "full", "target": ["0", "0", "1", "1"], "of": 3,
                          "source": ["O", "Q", "I", "l"], "chosen": [2, 1, 1, 1]})  # fmt: skip
    assert most_chosen(table)["sources"].to_list() == [["O"], ["I", "l"]]
    assert most_chosen(table)["share"].to_list() == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize(
    ("sources", "lines"),
    [
        (["great white shark", "tench"], ["great white", "shark", "or 1 other"]),
        (["O", "Q", "C"], ["O", "or 2 others"]),
        (
            ["one two-three four-five-six seven eight nine ten"],
            ["one two-", "three four-", "five-six…"],
        ),
    ],
)
def test_cell_lines(sources, lines):
    assert cell_lines(sources) == lines


def test_of_synonyms_the_first_is_kept_unless_another_class_has_it():
    names = ["tench, Tinca tinca", "maillot", "maillot, tank suit", "crane (n02012849)", "owl, a"]
    assert shortened([*names, "owl, b"]) == {
        "tench, Tinca tinca": "tench", "maillot": "maillot", "owl, a": "owl, a", "owl, b": "owl, b",
        "maillot, tank suit": "maillot, tank suit", "crane (n02012849)": "crane (n02012849)",
    }  # fmt: skip


def test_spread_phrase():
    assert spread_phrase(pl.Series([3, 3])) == "mean ± 1 std over 3 seeds"
    assert spread_phrase(pl.Series([1, 3])) == "mean ± 1 std over 1 to 3 seeds"
    assert spread_phrase(pl.Series([1, 1])) == "1 seed"


def test_centred_maps_zero_to_grey_and_the_largest_to_the_end():
    assert centred(np.array([-2.0, 0, 1])) == pytest.approx([0, 0.5, 0.75])
    assert centred(np.zeros(3)) == pytest.approx([0.5] * 3)


def test_data_url_clamps_and_enlarges_without_smoothing():
    url = data_url(np.array([[-1.0, 2.0], [0.0, 1.0]]))
    picture = Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))
    assert picture.size == (192, 192)
    assert picture.getcolors() == [(96 * 192, 0), (96 * 192, 255)]


def test_a_setting_is_shown_with_the_others_that_validation_likes():
    table = swept(swept_results()).filter(mapping="ilm")
    assert table["panel"].unique(maintain_order=True).to_list() == ["lor_vp: rank", "lor_vp: lr"]
    ranks = table.filter(panel="lor_vp: rank")
    assert ranks["value"].to_list() == [1, 4, 16]
    assert ranks["mean"].to_list() == pytest.approx([46, 49, 61])  # all at rate 0.5
    rates = table.filter(panel="lor_vp: lr")
    assert rates["value"].to_list() == [0.1, 0.5]
    assert rates["mean"].to_list() == pytest.approx([50, 46])  # rank 1, the first of equals
    assert swept(swept_results().filter(method="lor_vp r=1", training="lr=0.1")).height == 0


def test_the_front_are_those_that_none_beats_with_as_few_values():
    table = pl.DataFrame({"method": list("abcdef"), "trained_values": [5, 1, 5, 9, 3, 0],
                          "mean": [50.0, 20.0, 60.0, 60.0, 10.0, math.nan]})  # fmt: skip
    assert front(table)["method"].to_list() == ["b", "c"]


def test_chosen_regions_are_tinted_where_the_prompt_reaches():
    chosen_RR, reached_RR = np.array([[1, 1], [0, 0]]), np.array([[True, False], [True, True]])
    seen = tinted(np.ones((4, 4, 3)), chosen_RR, reached_RR)
    assert (seen[2:] == 1).all()
    assert (seen[:2, 2:] == 1).all()
    assert seen[0, 0] == pytest.approx([0.5, 0.7235, 0.849])
