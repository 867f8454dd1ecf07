"""What trials cost together: shared outputs once, finished trials nothing, and bytes on disk."""

import polars as pl
import pytest

from lorvp.datasets.source import Sizes
from lorvp.errors import InputError
from lorvp.experiment.trial import Point, Trial
from lorvp.networks.sources.trained import TrainedConfig
from lorvp.performance import estimate as module
from lorvp.performance.estimate import Dataset, Estimate, Network, readable, timed

SIZES = Sizes(classes=10, train=100, val=20, test=30)
NAMES = [str(k) for k in range(10)]
LETTERS = [chr(65 + k) for k in range(26)]
VALUES = 3 * 2 * (64 + 64)
"""A prompt of rank 2 on 64 pixels trains so many."""


@pytest.fixture(scope="module")
def networks() -> dict[str, Network]:
    config = TrainedConfig(dataset="letters", architecture="test_vit", input_size=64)
    return {"vit": Network(*config.sketch(LETTERS))}


def point(method, mapping: str, seed: int = 0, network: str = "vit", **training) -> Point:
    trial = Trial.model_validate({
        "dataset": "digits", "network": network, "method": method, "mapping": mapping,
        "training": {"epochs": 7} | training, "seed": seed,
    })  # fmt: skip
    return Point(trial, method["kind"], mapping, "")


def estimate(networks, points, finished=()) -> Estimate:
    datasets = {"digits": Dataset(SIZES, NAMES, (8, 16)), "unused": Dataset(SIZES, NAMES, (2, 2))}
    return Estimate(points, set(points) - set(finished), datasets, networks)


RANK_2 = {"kind": "lor_vp", "rank": 2}
BARE = {"kind": "none"}


def test_each_missing_trial_counts_and_a_finished_one_takes_only_room(networks):
    points = [point(RANK_2, "flm", seed) for seed in range(3)]
    [row] = estimate(networks, points).table().to_dicts()
    assert (row["dataset"], row["network"], row["trials"], row["to train"]) == (
        "digits",
        "vit",
        3,
        3,
    )
    assert row["image passes"] == 3 * (100 + 7 * (100 + 20) + 30), "flm counts on all images first"
    assert row["bytes"] == 3 * 4 * VALUES
    [one] = estimate(networks, points, points[1:]).table().to_dicts()
    assert (one["trials"], one["to train"], one["bytes"]) == (3, 1, row["bytes"])
    assert one["image passes"] * 3 == row["image passes"]
    assert one["flops"] == pytest.approx(row["flops"] / 3)


def test_outputs_that_trials_share_are_counted_once(networks):
    shared = [point(BARE, "lp", seed) for seed in range(4)]
    [row] = estimate(networks, shared).table().to_dicts()
    assert row["image passes"] == 100 + 20 + 30
    apart = [*shared, point(BARE, "fm"), point(BARE, "lp", precision="bf16")]
    [row] = estimate(networks, apart).table().to_dicts()
    assert row["image passes"] == 3 * (100 + 20 + 30), "logits, and other bits, are no features"
    [row] = estimate(networks, shared, shared[:3]).table().to_dicts()
    assert row["image passes"] == 150
    [row] = estimate(networks, shared, shared).table().to_dicts()
    assert (row["image passes"], row["flops"]) == (0, 0)


def test_what_does_not_fit_is_told_with_its_names(networks):
    wrong = point({"kind": "pad", "width": 60}, "flm")
    with pytest.raises(InputError, match=r"^pad · flm: "):
        estimate(networks, [wrong]).table()


def test_bytes_of_all_that_is_prepared(networks):
    found = estimate(networks, [point(RANK_2, "flm")]).bytes_on_disk()
    values = sum(p.numel() for p in networks["vit"].sketch.parameters())
    assert found == {"datasets": 150 * 3 * (8 * 16 + 2 * 2), "checkpoints": 4 * values}
    assert list(estimate(networks, [point(RANK_2, "flm")]).accounts()) == ["vit"]


def test_hours_are_those_of_so_many_trials_at_once():
    table = pl.DataFrame({
        "dataset": ["a", "a"], "network": ["x", "y"], "trials": [8, 2], "to train": [8, 0],
        "image passes": [10, 0], "flops": [7.2e15, 0.0], "bytes": [0.0, 0.0],
    })  # fmt: skip
    speeds = pl.DataFrame({"network": ["x"], "speed": [1e12]})
    found = timed(table, speeds, at_once=4)
    assert found["hours"].to_list() == [0.5, 0]
    assert readable(found).row(0) == ("a", "x", 8, 8, 10, 7.2, 1000.0, 0.5)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(22_649.0, "22,600"), (0.035449, "0.0354"), (0.0, "0"), (1.0, "1.00"), (999.6, "1,000")],
)
def test_three_digits_count(value, shown):
    assert module.rounded(value) == shown
