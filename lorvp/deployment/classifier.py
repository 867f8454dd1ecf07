"""A trained prompt ready for use: images in, class names out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from lorvp.datasets.pixels.decoding import pixels
from lorvp.datasets.pixels.files import BROKEN, read_image, why
from lorvp.datasets.pixels.view import View
from lorvp.deployment.batch import grey_levels, outside, require_unit
from lorvp.errors import InputError
from lorvp.networks.acceleration.precision import computing_in
from lorvp.recipe import Precision
from lorvp.training.model import PromptedNetwork

Picture = str | Path | Image.Image | np.ndarray
"""A file, a Pillow image, or uint8 (H, W, 3)."""
BATCH = 64


@dataclass(frozen=True)
class Answer:
    """A classifier's answer to one image."""

    name: str
    """Name of the class with the largest logit."""
    confidence: float
    """Its softmax probability, not calibrated."""


class Classifier(nn.Module):
    """``forward`` takes images of any size and returns logits_BK; ``predict`` takes files and
    returns names. All its weights are frozen.

    Images are uint8, or floats in [0, 1], and channels are first or last. Every batch of floats
    is looked at on the CPU. Elsewhere only the first is, since looking waits for the device; of a
    later one with values far from [0, 1] all logits are NaN, which costs no wait.

    Both compute in ``precision``, that of the training. It is a setting of the process while they
    run: on a GPU, threads that classify at once should do so in one precision.
    """

    def __init__(
        self,
        model: PromptedNetwork,
        class_names: Sequence[str],
        view: View | None = None,
        precision: Precision = "fp32",
    ) -> None:
        super().__init__()
        self.model, self.class_names, self.view = model, tuple(class_names), view
        self.precision: Precision = precision
        self._looked_at_floats = False
        self.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """logits_BK

        Raises:
            InputError: the images have another type, shape or range.
        """
        images_BHWC, wrong = grey_levels(images), self._wrong(images)
        with computing_in(self.precision):
            logits_BK = self.model(images_BHWC)
        return logits_BK if wrong is None else logits_BK.masked_fill(wrong, torch.nan)

    def _wrong(self, images: Tensor) -> Tensor | None:
        """Whether floats are far from [0, 1], if that is to be found out without a wait."""
        if not images.is_floating_point() or _is_traced():
            return None
        if images.device.type != "cpu" and self._looked_at_floats:
            return outside(images)
        require_unit(images)
        self._looked_at_floats = True
        return None

    @property
    def device(self) -> torch.device:
        return self.model.network.mean_C11.device

    def predict(self, images: Sequence[Picture]) -> list[Answer]:
        """The most likely class of each image.

        Raises:
            InputError: a file is no image that can be read.
        """
        answers: list[Answer] = []
        for start in range(0, len(images), BATCH):
            answers += self._answers([self.read(image) for image in images[start : start + BATCH]])
        return answers

    def predict_readable(self, images: Sequence[Picture]) -> list[Answer | InputError]:
        """As ``predict``; an image that cannot be read gets an InputError in place of an answer."""
        found: list[Answer | InputError] = []
        for start in range(0, len(images), BATCH):
            read = [self._pixels_or_reason(image) for image in images[start : start + BATCH]]
            answers = iter(self._answers([one for one in read if isinstance(one, np.ndarray)]))
            found += [next(answers) if isinstance(one, np.ndarray) else one for one in read]
        return found

    def _pixels_or_reason(self, image: Picture) -> np.ndarray | InputError:
        try:
            return self.read(image)
        except InputError as error:
            return error

    def _answers(self, images: Sequence[np.ndarray]) -> list[Answer]:
        """Answers in order; neighbours of the same size are one batch."""
        return [
            answer
            for _, alike in groupby(images, key=np.shape)
            for answer in self._batch(torch.from_numpy(np.stack(list(alike))).to(self.device))
        ]

    @torch.inference_mode()
    def _batch(self, images_BHWC: Tensor) -> list[Answer]:
        confidence_B, class_B = self(images_BHWC).softmax(1).max(1)
        if not confidence_B.isfinite().all():
            raise InputError("the network answers with NaN: weights are damaged, or far too large")
        found = zip(class_B.tolist(), confidence_B.tolist(), strict=True)
        return [Answer(self.class_names[k], confidence) for k, confidence in found]

    def read(self, image: Picture) -> np.ndarray:
        """uint8 (H, W, 3), turned and resized as the images that the prompt was trained on.

        Raises:
            InputError: it cannot be read, or has another shape or type.
        """
        if isinstance(image, str | Path):
            return read_image(Path(image), self.view)
        if isinstance(image, Image.Image):
            pixels_HWC = _of_pillow(image, self.view is None or self.view.upright)
        else:
            pixels_HWC = image
        if pixels_HWC.ndim != 3 or pixels_HWC.shape[2] != 3 or pixels_HWC.dtype != np.uint8:
            raise InputError(
                f"an image is uint8 of the shape (H, W, 3); this one is {pixels_HWC.dtype} of the "
                f"shape {pixels_HWC.shape}"
            )
        return self.view.apply(pixels_HWC) if self.view else pixels_HWC


def _is_traced() -> bool:
    """Whether a graph is being made, which has no values to look at."""
    return torch.compiler.is_compiling() or torch.compiler.is_exporting()


def _of_pillow(image: Image.Image, turn: bool) -> np.ndarray:
    try:
        return pixels(image, turn)
    except BROKEN as error:  # Pillow has read only the head of the file so far
        raise InputError(f"this image of Pillow's cannot be read: {why(error)}") from error
