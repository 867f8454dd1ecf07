"""Images with labels, given in batches on a device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

EVAL_BATCH = 256
"""Images of a batch where nothing is trained."""


@dataclass(frozen=True)
class LabelledImages:
    """images_NHWC (uint8) with labels_N (int64).

    Batches are given on ``device``; all images are moved there if they leave enough room, or none.
    """

    images_NHWC: Tensor
    labels_N: Tensor
    device: torch.device = torch.device("cpu")

    def __len__(self) -> int:
        return len(self.labels_N)

    @property
    def home(self) -> torch.device:
        """Where the images lie, and row numbers of batches have to: on the device if they all
        have room there."""
        return self.images_NHWC.device

    def to(self, device: torch.device | str) -> LabelledImages:
        """The same images and labels, with batches on ``device``."""
        device = torch.device(device)
        if not _has_room(device, self.images_NHWC.nbytes):
            return LabelledImages(self.images_NHWC, self.labels_N, device)
        return LabelledImages(self.images_NHWC.to(device), self.labels_N.to(device), device)

    def batch(self, rows: Tensor | slice) -> tuple[Tensor, Tensor]:
        """images_BHWC and labels_B of ``rows``, on the device."""
        return self._moved(self.images_NHWC[rows]), self._moved(self.labels_N[rows])

    @property
    def on_device(self) -> bool:
        """Whether the images lie where batches go; ``cuda`` is the card that ``cuda:0`` is here."""
        return self.home.type == self.device.type

    def _moved(self, values_B: Tensor) -> Tensor:
        if self.on_device:
            return values_B
        if self.device.type == "cuda":
            values_B = values_B.pin_memory()
        return values_B.to(self.device, non_blocking=True)

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All images in order."""
        start = 0
        for size in self.batch_sizes():
            yield self.batch(slice(start, start + size))
            start += size

    def batch_sizes(self) -> list[int]:
        """Of batches in which nothing is trained."""
        return [min(EVAL_BATCH, len(self) - start) for start in range(0, len(self), EVAL_BATCH)]


def _has_room(device: torch.device, size: int) -> bool:
    """Whether ``size`` bytes are less than half of the free memory; the network needs the rest."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return size < free / 2
