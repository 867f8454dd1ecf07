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

    Batches are given on ``device``; all images are moved there if they leave enough room.
    """

    images_NHWC: Tensor
    labels_N: Tensor
    device: torch.device = torch.device("cpu")

    def __len__(self) -> int:
        return len(self.labels_N)

    def to(self, device: torch.device | str) -> LabelledImages:
        """The same images and labels, with batches on ``device``."""
        device = torch.device(device)
        images_NHWC = self.images_NHWC
        if _has_room(device, images_NHWC.nbytes):
            images_NHWC = images_NHWC.to(device)
        return LabelledImages(images_NHWC, self.labels_N.to(device), device)

    def batch(self, rows: Tensor | slice) -> tuple[Tensor, Tensor]:
        """images_BHWC and labels_B of ``rows``, on the device."""
        images_BHWC = self.images_NHWC[rows]
        if self.device.type == "cuda" and not images_BHWC.is_cuda:
            images_BHWC = images_BHWC.pin_memory()
        return images_BHWC.to(self.device, non_blocking=True), self.labels_N[rows]

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All images in order."""
        for start in range(0, len(self), EVAL_BATCH):
            yield self.batch(slice(start, start + EVAL_BATCH))


def _has_room(device: torch.device, size: int) -> bool:
    """Whether ``size`` bytes are less than half of the free memory; the network needs the rest."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return size < free / 2
