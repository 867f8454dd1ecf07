"""Every kind of picture is drawn and written."""

import numpy as np
import polars as pl
import pytest
from PIL import Image

from lorvp.results.pictures import (
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
    time_to_accuracy,
)
from lorvp.results.pictures.summaries import mean_curves
from tests.support.picture_samples import TRAINED, history, results, swept_results

pytestmark = pytest.mark.filterwarnings("error")


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
    """Counts in which every third class is sometimes taken for the next one."""
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


def test_a_png_has_the_size_of_its_svg_in_print(tmp_path):
    save(accuracy_by_method(results()), tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.mode == "RGB"
        assert picture.info["dpi"] == pytest.approx((192, 192), abs=0.1)


def test_curves_lie_in_a_band_of_their_seeds(tmp_path):
    """A band of 20 points covers many pixels in a light tone of the line's colour."""
    shares = {}
    for name, spread in {"wide": 0.1, "none": 0.0}.items():
        table = history().filter(method="full", mapping="lp")
        off = spread * (2 * pl.col("seed") - 1)
        save(
            learning_curves(table.with_columns(val_accuracy=pl.col("val_accuracy") + off)),
            tmp_path / "picture.png",
        )
        with Image.open(tmp_path / "picture.png") as picture:
            red, _, blue = np.moveaxis(np.asarray(picture.convert("RGB"), int), 2, 0)
        shares[name] = ((blue - red > 10) & (red > 200)).mean()
    assert shares["wide"] > 0.1
    assert shares["none"] < 0.01
