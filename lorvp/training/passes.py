"""Passes over a dataset, batch by batch, in which nothing waits for the device.

On a GPU the kernels of a batch are captured once for each size of batch, and then replayed: one
launch in place of hundreds, each of which costs Python as much as a small network computes. So
the body of a pass may not read a number from the device, and finds its batch by row numbers that
lie there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

log = logging.getLogger(__name__)

WARM_UP = 2
"""Runs before a capture, in which libraries choose their kernels and allocate their workspaces."""


class CaptureError(RuntimeError):
    """The work of a batch does something that cannot be replayed; the message says what."""


@dataclass(frozen=True)
class Place:
    """Which batch of a pass is computed: numbers, or tensors of one number on the device."""

    step: int | Tensor
    """Its number, from 0."""
    first: int | Tensor
    """Its first image, in the order of the pass."""
    size: int
    device: torch.device

    @property
    def rows(self) -> slice | Tensor:
        """Where the batch's images stand in the order of the pass."""
        if isinstance(self.first, int):
            return slice(self.first, self.first + self.size)
        return self.first + torch.arange(self.size, device=self.device)


Body = Callable[[Place], None]
Moving = Callable[[], Iterable[Tensor]]
"""Gives all tensors that the body of a pass changes and reads again."""


class Pass:
    """Calls ``body`` for each batch, and captures it where the device can."""

    def __init__(
        self,
        body: Body,
        device: torch.device,
        moving: Moving = tuple,
        generators: Sequence[torch.Generator] = (),
        replays: bool | None = None,
    ) -> None:
        """``moving`` and ``generators``: what is put back after the runs before a capture.
        ``replays``: whether batches are captured; on CUDA, unless given."""
        self.body, self.device = body, device
        self.moving, self.generators = moving, generators
        replays = device.type == "cuda" if replays is None else replays
        self.why_not = None if replays else f"not on {device.type}"
        """Why batches are not captured, or None if they are."""
        self._captured: dict[int, Callable[[], object]] = {}
        self._step, self._first = (
            torch.zeros(1, dtype=torch.int64, device=device) for _ in range(2)
        )

    def over(self, sizes: Iterable[int], goes_on: Callable[[], bool] = lambda: True) -> None:
        """Compute one batch after another, as long as ``goes_on``."""
        self._step.zero_()
        self._first.zero_()
        first = 0
        for step, size in enumerate(sizes):
            self._batch(step, first, size)
            first += size
            if not goes_on():
                return

    def _batch(self, step: int, first: int, size: int) -> None:
        if self.why_not is None and size not in self._captured:
            self._try_to_capture(size)
        if self.why_not is None:
            self._captured[size]()
        else:
            self.body(Place(step, first, size, self.device))

    def _try_to_capture(self, size: int) -> None:
        """Capture a batch of this size, or keep the reason why that cannot be done.

        Somebody's own method may wait for the device, and trains all the same.
        """
        try:
            self._captured[size] = self._capture(size)
        except CaptureError as error:
            self.why_not = str(error)
            log.warning("steps are launched one kernel at a time: %s", error)

    def _capture(self, size: int) -> Callable[[], object]:
        place = Place(self._step, self._first, size, self.device)

        def work() -> None:
            self.body(place)
            self._step += 1
            self._first += size

        def moving() -> list[Tensor]:
            return [*self.moving(), self._step, self._first]

        return capture(work, moving, self.generators, self.device)


def capture(
    work: Callable[[], None],
    moving: Callable[[], Iterable[Tensor]],
    generators: Sequence[torch.Generator],
    device: torch.device,
) -> Callable[[], object]:
    """A function that does all that ``work`` does on the device in one launch.

    ``work`` is run to warm up, and what it moved is put back; what is new among ``moving`` then
    was made by it and is an optimiser's state, which starts from zeros.
    """
    before = {id(tensor): tensor.detach().clone() for tensor in moving()}
    drawn = [generator.get_state() for generator in generators]
    _warm_up(work, device)
    with torch.no_grad():
        for tensor in moving():
            tensor.copy_(before[id(tensor)]) if id(tensor) in before else tensor.zero_()
    for generator, state in zip(generators, drawn, strict=True):
        generator.set_state(state)
    if device.type != "cuda":
        return work  # so that all but the graph itself can be tried on any machine
    return _graph_of(work, generators, device).replay


def _graph_of(
    work: Callable[[], None], generators: Sequence[torch.Generator], device: torch.device
) -> torch.cuda.CUDAGraph:
    graph = torch.cuda.CUDAGraph()
    for generator in generators:
        # Every graph knows the global one of its device.
        if generator.device.type == "cuda" and generator not in torch.cuda.default_generators:
            graph.register_generator_state(generator)
    try:
        with torch.cuda.graph(graph, pool=_pool(device)):
            work()
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise CaptureError(str(error).partition("\n")[0]) from error
    return graph


def _warm_up(work: Callable[[], None], device: torch.device) -> None:
    """Run ``work`` beside the stream that others use, as captures do."""
    if device.type != "cuda":
        work()
        return
    stream = torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(stream):
        for _ in range(WARM_UP):
            work()
    torch.cuda.current_stream(device).wait_stream(stream)


@cache
def _pool(device: torch.device) -> Any:
    """Memory that all captures share: they are replayed one at a time, and none reads what
    another left there."""
    return torch.cuda.graph_pool_handle()
