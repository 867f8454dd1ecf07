"""Batches that are captured and replayed, with a recording in place of a CUDA graph."""

from collections.abc import Callable

import pytest
import torch

from lorvp.training import passes
from lorvp.training.passes import CaptureError, Pass, Place

CPU = torch.device("cpu")
SIZES = [4, 4, 4, 3]


def numbers(place: Place) -> list[int]:
    return torch.arange(15)[place.rows].tolist()


def seen_by(replays: bool, sizes: list[int], rounds: int = 1) -> list[list[int]]:
    """The images of each batch, of the last runs of a body; a capture runs it for nothing."""
    found: list[list[int]] = []
    one = Pass(lambda place: found.append(numbers(place)), CPU, replays=replays)
    for _ in range(rounds):
        found.clear()
        one.over(sizes)
    return found


@pytest.mark.parametrize("replays", [False, True])
def test_each_batch_finds_its_own_images(replays):
    """In the second round, in which nothing is captured any more."""
    assert seen_by(replays, SIZES, rounds=2) == [
        [0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14]
    ]  # fmt: skip


def test_each_size_is_captured_once(monkeypatch):
    captured: list[int] = []
    intact = passes.capture

    def counting(work: Callable[[], None], *given):
        captured.append(1)
        return intact(work, *given)

    monkeypatch.setattr(passes, "capture", counting)
    one = Pass(lambda place: None, CPU, replays=True)
    for _ in range(3):
        one.over(SIZES)
    assert len(captured) == 2


def test_what_ran_before_a_capture_is_put_back():
    """Values, what the work itself made (an optimiser's momentum starts from zeros), and draws."""
    value, made = torch.tensor([1.0]), []
    generator = torch.Generator().manual_seed(3)
    expected = torch.rand(4, generator=torch.Generator().manual_seed(3)).tolist()
    drawn: list[float] = []

    def body(place: Place) -> None:
        if not made:
            made.append(torch.zeros(1))
        made[0] += 10
        value.mul_(2)
        drawn.append(float(torch.rand((), generator=generator)))

    one = Pass(body, CPU, lambda: [value, *made], [generator], replays=True)
    one.over(SIZES)
    assert value.item() == 2 ** len(SIZES)
    assert made[0].item() == 10 * len(SIZES)
    # The first run before each of the two captures drew for nothing.
    assert [drawn[1], *drawn[2:4], drawn[5]] == pytest.approx(expected)


def test_a_pass_ends_when_it_is_told_to():
    found: list[list[int]] = []
    one = Pass(lambda place: found.append(numbers(place)), CPU)
    one.over(SIZES, goes_on=lambda: len(found) < 2)
    assert len(found) == 2


def test_what_cannot_be_captured_is_run_as_it_is_and_the_reason_is_kept(monkeypatch, caplog):
    """From the batch on that could not be captured; nothing is done twice."""
    intact, found = passes.capture, []

    def refusing(work: Callable[[], None], *given):
        raise CaptureError("operation not permitted when stream is capturing")

    monkeypatch.setattr(passes, "capture", refusing)
    one = Pass(lambda place: found.append(numbers(place)), CPU, replays=True)
    one.over(SIZES)
    assert found == seen_by(replays=False, sizes=SIZES)
    assert one.why_not == "operation not permitted when stream is capturing"
    assert "launched one kernel at a time: operation not permitted" in caplog.text
    monkeypatch.setattr(passes, "capture", intact)
    one.over(SIZES)
    assert len(found) == 2 * len(SIZES), "it is not tried again"


@pytest.mark.parametrize(("device", "why"), [("cpu", "not on cpu"), ("meta", "not on meta")])
def test_only_cuda_replays_unless_it_is_asked_for(device, why):
    assert Pass(lambda place: None, torch.device(device)).why_not == why
