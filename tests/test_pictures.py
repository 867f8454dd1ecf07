"""The numbers in the pictures against values worked out by hand, and every picture as a file."""

import base64
import io
import json
import math

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lorvp.pictures import (
    Example,
    PromptView,
    RegionView,
    accuracy_by_method,
    accuracy_by_setting,
    accuracy_by_values,
    chosen_regions,
    confusion,
    examples,
    learning_curves,
    mapping_heatmap,
    prompt_gallery,
    save,
    swept,
    telling,
    time_to_accuracy,
)
from lorvp.pictures.axes import accuracy_limits, decades, spread
from lorvp.pictures.heatmap import cell_lines
from lorvp.pictures.regions import tinted
from lorvp.pictures.summaries import mean_curves, most_chosen, over_seeds, spread_phrase
from lorvp.pictures.tiles import centred, data_url
from lorvp.pictures.values import front

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
         "val_accuracy": start + 0.05 * epoch / epochs, "seconds": 0.5 * epoch}
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


def regions(label: str, side: int) -> RegionView:
    share_RR = np.linspace(0, 1, side * side).reshape(side, side)
    share_RR[1, 1] = np.nan
    image = np.linspace(0, 1, 32 * 32 * 3).reshape(32, 32, 3)
    return RegionView(label, [image] * 4, [np.eye(side)] * 4, share_RR, images=500)


def confused(classes: int):
    """Every third class is now and then taken for the next one."""
    names = [f"class {k}" for k in range(classes)]
    right = [{"true": name, "predicted": name, "images": 40} for name in names]
    wrong = [
        {"true": a, "predicted": b, "images": 7}
        for a, b in zip(names[::3], names[1::3], strict=False)
    ]
    return confusion(pl.DataFrame(right + wrong), names, "full · lp, seed 0")


def example(before: str, after: str) -> Example:
    image = np.linspace(0, 1, 32 * 32 * 3).reshape(32, 32, 3)
    return Example("great white shark, white shark", image, 2 * image, before, after, 0.87)


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
    "time": lambda: time_to_accuracy(history()),
    "settings": lambda: accuracy_by_setting(swept(swept_results())),
    "regions": lambda: chosen_regions([regions("adavipro", 4), regions("fine", 16)]),
    "confusion": lambda: confused(10),
    "confusion, many classes": lambda: confused(100),
    "examples": lambda: examples([example("tench", "great white shark, white shark")] * 6, "full"),
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


def swept_results() -> pl.DataFrame:
    """Ranks 1, 4 and 16 with two rates each; validation likes rate 0.5, test rate 0.1."""
    return pl.DataFrame(
        {
            "trial": f"{rank} {lr} {mapping}", "dataset": "d", "network": "n",
            "method": f"lor_vp r={rank}", "mapping": mapping, "training": f"lr={lr}", "seed": 0,
            "val_accuracy": 0.5 + lr, "test_accuracy": 0.5 + 0.01 * rank - 0.1 * lr,
            "trained_values": 100, "mapping_values": 0, "seconds": 1.0, "images_per_second": 1.0,
            "settings": json.dumps({"method": {"kind": "lor_vp", "rank": rank, "std": 0.01},
                                    "training": {"lr": lr, "warm": True, "epochs": 3}}),
        }
        for rank in (1, 4, 16) for lr in (0.1, 0.5) for mapping in ("ilm", "lp")
    )  # fmt: skip


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


def test_telling_examples_are_mended_spoiled_and_left_wrong():
    label = np.array([0, 0, 0, 0, 0, 0])
    before = np.array([1, 0, 0, 1, 1, 1])
    after = np.array([0, 0, 1, 2, 0, 0])
    assert telling(label, before, after, each=2) == [0, 4, 2, 3]


def test_chosen_regions_are_tinted_where_the_prompt_reaches():
    chosen_RR, reached_RR = np.array([[1, 1], [0, 0]]), np.array([[True, False], [True, True]])
    seen = tinted(np.ones((4, 4, 3)), chosen_RR, reached_RR)
    assert (seen[2:] == 1).all()
    assert (seen[:2, 2:] == 1).all()
    assert seen[0, 0] == pytest.approx([0.5, 0.7235, 0.849])


def test_a_png_has_the_size_of_its_svg_in_print(tmp_path):
    save(accuracy_by_method(results()), tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.mode == "RGB"
        assert picture.info["dpi"] == pytest.approx((192, 192), abs=0.1)
