"""The numbers in the pictures against values worked out by hand, and every picture as a file."""

import base64
import io

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lorvp.pictures import (
    PromptView,
    accuracy_by_method,
    accuracy_by_values,
    learning_curves,
    mapping_heatmap,
    prompt_gallery,
    save,
)
from lorvp.pictures.axes import accuracy_limits, decades, spread
from lorvp.pictures.heatmap import cell_lines
from lorvp.pictures.summaries import mean_curves, most_chosen, over_seeds, spread_phrase
from lorvp.pictures.tiles import centred, data_url

pytestmark = pytest.mark.filterwarnings("error")

TRAINED = {
    "none": 0,
    "pad p=6": 15_696,
    "full": 150_528,
    "lor_vp r=1": 1_344,
    "lor_vp r=4": 5_376,
    "adavipro p=6 s=8": 42_000,
    "lor_vp_regions r=4 s=8": 12_800,
}
MAPPINGS = {"flm": 0.35, "ilm": 0.42, "fm": 0.62, "lp": 0.80}


def results(seeds=3, datasets=("cifar10",), training="") -> pl.DataFrame:
    """A full grid; accuracy rises by 0.02 with each method and by 0.01 with each seed."""
    return pl.DataFrame(
        {
            "trial": f"{method} {mapping}", "dataset": dataset, "network": "resnet18",
            "method": method, "mapping": mapping, "training": training, "seed": seed,
            "val_accuracy": 0.5, "test_accuracy": start + 0.02 * place + 0.01 * seed,
            "trained_values": trained + (5130 if mapping == "lp" else 0), "seconds": 1.0,
        }
        for dataset in datasets
        for place, (method, trained) in enumerate(TRAINED.items())
        for mapping, start in MAPPINGS.items()
        for seed in range(seeds)
    )  # fmt: skip


def history(epochs=5) -> pl.DataFrame:
    return pl.DataFrame(
        {"method": method, "mapping": mapping, "seed": seed, "epoch": epoch,
         "val_accuracy": start + 0.05 * epoch / epochs}
        for method in TRAINED
        for mapping, start in MAPPINGS.items()
        for seed in range(2)
        for epoch in range(1, 1 + (1 if method == "none" else epochs))
    )  # fmt: skip


def counts(targets=10) -> pl.DataFrame:
    return pl.DataFrame(
        {"target": f"target {target}", "source": source, "chosen": chosen, "of": 3, "method": name}
        for name in TRAINED
        for target in range(targets)
        for source, chosen in (("tench, Tinca tinca", 2), ("great white shark", 1))
    )


def view(label: str, placed=False, channels=3) -> PromptView:
    image = np.linspace(0, 1, 32 * 32 * channels).reshape(32, 32, channels)
    placement = np.eye(32) if placed else None
    return PromptView(label, image, image - 0.5, placement, 2 * image - 0.5)


PICTURES = {
    "accuracy": lambda: accuracy_by_method(results()),
    "accuracy, one seed": lambda: accuracy_by_method(results(seeds=1)),
    "accuracy, two datasets": lambda: accuracy_by_method(results(datasets=("cifar10", "svhn"))),
    "values": lambda: accuracy_by_values(results()),
    "values, one seed": lambda: accuracy_by_values(results(seeds=1)),
    "values, all 0": lambda: accuracy_by_values(results().filter(pl.col("trained_values") == 0)),
    "values, no 0": lambda: accuracy_by_values(results().filter(pl.col("mapping") == "lp")),
    "curves": lambda: learning_curves(history()),
    "gallery": lambda: prompt_gallery([view("full"), view("adavipro p=6 s=8", placed=True)]),
    "gallery, no placement": lambda: prompt_gallery([view("full"), view("grey", channels=1)]),
    "heatmap": lambda: mapping_heatmap(counts()),
    "heatmap, many targets": lambda: mapping_heatmap(counts(targets=23)),
}


@pytest.mark.parametrize("name", PICTURES)
def test_png_is_drawn_and_fits_a_page(name, tmp_path):
    save(PICTURES[name](), tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        width, height = picture.width / 2, picture.height / 2  # `save` doubles every pixel
        shades = len(set(picture.convert("L").tobytes()))
    assert 350 < width < 840
    assert 230 < height < 1300
    assert shades > 20


def test_svg_and_no_other_suffix(tmp_path):
    save(accuracy_by_method(results()), tmp_path / "picture.svg")
    assert "lor_vp_regions r=4 s=8" in (tmp_path / "picture.svg").read_text()
    with pytest.raises(ValueError, match=r"\.png or \.svg"):
        save(accuracy_by_method(results()), tmp_path / "picture.jpg")


def test_more_rows_than_altair_allows(tmp_path):
    assert len(mean_curves(history(epochs=250))) > 5000
    save(learning_curves(history(epochs=250)), tmp_path / "picture.png")


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


def test_mean_curves_stop_where_the_first_seed_stops():
    table = pl.DataFrame({"method": "full", "mapping": "lp", "seed": [0, 0, 1],
                          "epoch": [1, 2, 1], "val_accuracy": [0.5, 0.9, 0.7]})  # fmt: skip
    assert mean_curves(table)["epoch"].to_list() == [1]
    assert mean_curves(table)["accuracy"].to_list() == pytest.approx([60])


def test_most_chosen_keeps_ties():
    table = pl.DataFrame({"method": "full", "target": ["0", "0", "1", "1"], "of": 3,
                          "source": ["O", "Q", "I", "l"], "chosen": [2, 1, 1, 1]})  # fmt: skip
    assert most_chosen(table)["sources"].to_list() == [["O"], ["I", "l"]]
    assert most_chosen(table)["share"].to_list() == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize(
    ("sources", "lines"),
    [
        (["tench, Tinca tinca"], ["tench"]),
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


def test_spread_phrase():
    assert spread_phrase(pl.Series([3, 3])) == "mean ± 1 std over 3 seeds"
    assert spread_phrase(pl.Series([1, 3])) == "mean ± 1 std over 1 to 3 seeds"
    assert spread_phrase(pl.Series([1, 1])) == "1 seed"


@pytest.mark.parametrize(
    ("wanted", "gap", "expected"),
    [
        ([5, 1], 2, [5, 1]),  # far enough apart: left alone
        ([5, 5, 5], 2, [3, 5, 7]),  # pushed apart evenly
        ([10, 10], 2, [8, 10]),  # kept inside
        ([9, 0, 5], 8, [10, 0, 5]),  # too many: the gap shrinks
        ([4], 2, [4]),
    ],
)
def test_spread(wanted, gap, expected):
    assert spread(np.array(wanted, float), gap, 0, 10) == pytest.approx(expected)


def test_accuracy_limits_are_whole_fives_within_0_and_100():
    assert accuracy_limits(pl.Series([41.0, None]), pl.Series([77.0])) == (40, 80)
    assert accuracy_limits(pl.Series([-1.0, 101.0])) == (0, 100)
    assert accuracy_limits(pl.Series([50.0])) == (50, 55)
    assert accuracy_limits(pl.Series([100.0])) == (95, 100)


def test_decades():
    assert decades(pl.Series([0, 1344, 150_528])) == [0, 1000, 10_000, 100_000]
    assert decades(pl.Series([1000, 5000])) == [1000]
    assert decades(pl.Series([0, 0])) == [0, 1]


def test_centred_maps_zero_to_grey_and_the_largest_to_the_end():
    assert centred(np.array([-2.0, 0, 1])) == pytest.approx([0, 0.5, 0.75])
    assert centred(np.zeros(3)) == pytest.approx([0.5] * 3)


def test_data_url_clamps_and_enlarges_without_smoothing():
    url = data_url(np.array([[-1.0, 2.0], [0.0, 1.0]]))
    picture = Image.open(io.BytesIO(base64.b64decode(url.removeprefix("data:image/png;base64,"))))
    assert picture.size == (192, 192)
    assert picture.getcolors() == [(96 * 192, 0), (96 * 192, 255)]
