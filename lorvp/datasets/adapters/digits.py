"""scikit-learn's 1,797 real handwritten digits, 8x8, which come with the package.

Alpaydin & Kaynak, "Optical Recognition of Handwritten Digits" (UCI, 1998), its test part.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from pydantic import Field

from lorvp.datasets.base import DatasetSettings
from lorvp.datasets.source import ImageArray, Sizes, Source
from lorvp.datasets.splits import stratified
from lorvp.settings import Seed


class DigitsConfig(DatasetSettings):
    """10 classes: 800 / 200 / 797 images, which come with scikit-learn.

    Grey levels 0..16 are stored as 0..255 in three equal channels.
    """

    kind: Literal["digits"] = "digits"
    test: int = Field(default=797, ge=10, le=1700)
    """Test images, never looked at before the end."""
    val: int = Field(default=200, ge=10, le=1700)
    """Validation images, which choose the epoch."""
    seed: Seed = 0
    """Seed of the split."""

    @property
    def stored(self) -> tuple[int, int]:
        return 8, 8

    def expected(self) -> Sizes:
        return Sizes(10, 1797 - self.val - self.test, self.val, self.test)

    def source(self) -> Source:
        from sklearn.datasets import load_digits  # takes a second, so it is imported only here

        digits: Any = load_digits()
        values_NP, targets_N = digits.data, digits.target
        grey_NHW = np.rint(values_NP.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
        labels_N = targets_N.astype(np.int64)
        return Source(
            images=ImageArray(np.repeat(grey_NHW[..., None], 3, axis=-1)),
            labels_N=labels_N,
            splits=stratified(labels_N, self.test, self.val, self.seed),
            class_names=[str(digit) for digit in range(10)],
            origin="scikit-learn load_digits (UCI optical recognition of digits, CC BY 4.0)",
        )
