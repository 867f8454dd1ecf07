"""Kinds of steps before a run: lanes, memory and speed, of networks that are only numbers."""

from collections.abc import Callable

import polars as pl
import pytest

from flows.costs import in_fp32, lanes_told
from lorvp.performance.estimate import STEP
from lorvp.performance.lanes import Load
from tasks.settings import ComputeConfig
from tasks.stages import costs
from tasks.stages.costs import measured, steps_of

AUTO, H200, SMALL = ComputeConfig(), 143e9, 24e9
LOADS = {"tiny": Load(0.0084e9, 0.136e6), "vit": Load(35.4e9, 89e6)}


class Numbers:
    """An estimate of networks that are not there; ``asked``: what speeds were measured."""

    def __init__(self) -> None:
        self.asked: list[tuple] = []

    def load(self, network: str) -> Load:
        return LOADS[network]

    def speed(self, *step) -> float:
        self.asked.append(step)
        return 1e9 * len(self.asked)


@pytest.fixture
def numbers(monkeypatch) -> Numbers:
    monkeypatch.setattr(costs, "why_slow", slow_in())
    monkeypatch.setattr(costs, "why_absent", slow_in("tf32"))
    return Numbers()


def slow_in(*precisions: str) -> Callable:
    return lambda precision, device: "no products" if precision in precisions else None


def table(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=[*STEP, "to train"], orient="row")


VIT = table(("vit", "fp32", 64, 5), ("vit", "bf16", 64, 5), ("tiny", "fp32", 64, 0))


def lanes(numbers, memory, compute=AUTO, of=VIT) -> list[int]:
    return steps_of(numbers, of, compute, memory)["lanes"].to_list()


def test_lanes_are_those_of_the_card_and_of_what_is_to_train(numbers):
    assert lanes(numbers, H200) == [4, 4]
    assert lanes(numbers, SMALL) == [2, 4]
    assert lanes(numbers, None) == [1, 1]
    assert lanes(numbers, None, ComputeConfig(lanes=3)) == [3, 3]


def test_a_kind_of_step_is_told_once_whatever_the_dataset(numbers):
    assert lanes(numbers, H200, of=table(("vit", "fp32", 64, 5), ("vit", "fp32", 64, 7))) == [4]


def test_a_line_says_what_lanes_take_and_nothing_is_said_of_one(numbers):
    of_tiny = table(("tiny", "fp32", 64, 5), ("vit", "fp32", 256, 5))
    assert lanes_told(steps_of(numbers, of_tiny, AUTO, H200), H200) == [
        "tiny in fp32, batch 64: up to 32 trials share a step of 2,048 images, which keeps "
        "0.279 GB for the way back, of the card's 143"
    ]
    assert lanes_told(steps_of(numbers, of_tiny, AUTO, None), None) == []
    [line, _] = lanes_told(steps_of(numbers, of_tiny, ComputeConfig(lanes=2), None), None)
    assert line.endswith("share a step of 128 images, which keeps 0.0174 GB for the way back")


def test_a_card_is_measured_with_all_lanes_together(numbers):
    found = measured(numbers, steps_of(numbers, VIT, AUTO, SMALL), "cuda:0", SMALL)
    assert numbers.asked == [("vit", "cuda:0", "fp32", 128), ("vit", "cuda:0", "bf16", 256)]
    assert found.select("lanes", "speed").rows() == [(2, 1e9), (4, 2e9)]


def test_no_more_images_are_measured_than_the_card_holds(numbers):
    large = table(("vit", "fp32", 4096, 5))
    measured(numbers, steps_of(numbers, large, AUTO, SMALL), "cuda:0", SMALL)
    assert numbers.asked == [("vit", "cuda:0", "fp32", int(0.6 * 24e9 / 89e6))]


def test_a_cpu_is_measured_once_for_all_batches_and_has_no_empty_lanes(numbers):
    batches = table(("vit", "fp32", 64, 5), ("vit", "fp32", 8, 5))
    steps = steps_of(numbers, batches, ComputeConfig(lanes=64), None)
    found = measured(numbers, steps, "cpu", None)
    assert numbers.asked == [("vit", "cpu", "fp32", None)]
    assert found.select("lanes", "speed").rows() == [(1, 1e9), (1, 1e9)]


def test_a_slow_precision_is_not_waited_for(numbers, monkeypatch):
    monkeypatch.setattr(costs, "why_slow", slow_in("bf16"))
    found = measured(numbers, steps_of(numbers, VIT, AUTO, None), "cpu", None)
    assert numbers.asked == [("vit", "cpu", "fp32", None)]
    assert found.select("precision", "measured in").rows() == [("fp32", "fp32"), ("bf16", "fp32")]


def test_a_precision_that_this_machine_lacks_is_not_measured(numbers):
    tf32 = table(("vit", "tf32", 64, 5))
    found = measured(numbers, steps_of(numbers, tf32, AUTO, None), "cpu", None)
    assert numbers.asked == [("vit", "cpu", "fp32", None)]
    timed = found.with_columns(pl.lit(1234).alias("to train"))
    [note] = in_fp32(timed)
    assert note.startswith("note: 1,234 trials compute in tf32, which this machine lacks or is")


def test_nothing_to_train_is_not_measured(numbers):
    steps = steps_of(numbers, table(("vit", "fp32", 64, 0)), AUTO, H200)
    assert measured(numbers, steps, "cuda:0", H200).rows() == []
    assert numbers.asked == []
