"""What trials cost together: shared outputs once, finished trials nothing, and bytes on disk."""

import polars as pl
import pytest

from lorvp.datasets.source import Sizes
from lorvp.errors import InputError
from lorvp.experiment.trial import Point, Trial
from lorvp.networks.acceleration.engine import Engine
from lorvp.networks.sources.trained import TrainedConfig
from lorvp.performance import estimate as module
from lorvp.performance.estimate import STEP, Estimate
from lorvp.performance.lanes import Load
from lorvp.performance.told import duration, readable, rounded, timed
from lorvp.performance.trial_costs import Dataset, Network

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
    fp32, bf16 = estimate(networks, apart).table().to_dicts()
    assert fp32["image passes"] == 2 * (100 + 20 + 30), "logits are no features"
    assert bf16["image passes"] == 100 + 20 + 30, "nor are other bits"
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


def test_steps_of_another_kind_have_a_row_of_their_own(networks):
    kinds = [{}, {"precision": "bf16"}, {"batch_size": 8}, {"lr": 0.5}]
    found = estimate(networks, [point(RANK_2, "flm", **kind) for kind in kinds]).table()
    assert found.select("precision", "batch", "trials").rows() == [
        ("fp32", 64, 2), ("bf16", 64, 1), ("fp32", 8, 1),
    ]  # fmt: skip


def test_what_an_image_asks_of_a_network_is_measured_once(networks, monkeypatch):
    measured = []
    monkeypatch.setattr(module, "load", lambda network: measured.append(network) or Load(1.0, 2.0))
    found = estimate(networks, [])
    assert found.load("vit") is found.load("vit")
    assert [type(each) for each in measured] == [Engine], "as trials run it"


def table(**columns) -> pl.DataFrame:
    """Of two kinds of steps, of which only the first is to be trained."""
    return pl.DataFrame({
        "dataset": ["a", "a"], "network": ["x", "y"], "precision": ["fp32", "fp32"],
        "batch": [64, 64], "trials": [8, 2], "to train": [8, 0], "image passes": [10, 0],
        "flops": [7.2e15, 0.0], "bytes": [0.0, 0.0],
    } | columns)  # fmt: skip


def steps(lanes: int = 1, networks: str = "x") -> pl.DataFrame:
    rows = [(name, "fp32", 64, lanes, 1e12) for name in networks]
    return pl.DataFrame(rows, schema=[*STEP, "lanes", "speed"], orient="row")


def test_hours_are_those_of_so_many_trials_at_once():
    found = timed(table(), steps(), at_once=4)
    assert found["hours"].to_list() == [0.5, 0]
    shown = ("a", "x", "fp32", 64, 8, 8, 10, 7.2, 1000.0, "30 min")
    assert readable(found).row(0) == shown


def test_speed_is_that_of_the_network_precision_and_batch():
    other = table(batch=[64, 32], network=["x", "x"], flops=[7.2e15, 7.2e15])
    assert timed(other, steps(), at_once=4)["speed"].to_list() == [1e12, None]


@pytest.mark.parametrize(("lanes", "hours"), [(1, 2), (4, 2), (8, 2), (16, 4), (5, 2.5)])
def test_lanes_without_a_trial_take_time(lanes, hours):
    assert timed(table(), steps(lanes, "xy"), at_once=1)["hours"].to_list() == [hours, 0]


@pytest.mark.parametrize(
    ("hours", "shown"),
    [
        (0, "0 s"), (0.4 / 3600, "0.4 s"), (50 / 3600, "50 s"), (119 / 3600, "120 s"),
        (36 / 60, "36 min"), (1.99, "120 min"), (2, "2.0 hours"), (3.44, "3.4 hours"),
        (47.9, "48 hours"), (48, "2.0 days"), (24 * 12.3, "12 days"), (24 * 365, "360 days"),
        (1_400_000, "160 years"), (1.4e9, "160,000 years"),
    ],
)  # fmt: skip
def test_times_are_told_in_a_unit_that_suits_them(hours, shown):
    assert duration(hours) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(22_649.0, "22,600"), (0.035449, "0.0354"), (0.0, "0"), (1.0, "1.00"), (999.6, "1,000")],
)
def test_three_digits_count(value, shown):
    assert rounded(value) == shown
