"""The 26 capital letters, drawn with the font that comes inside Pillow.

A source task that needs no download: size, place, slant, stroke weight and blur are drawn at
random from a seeded generator, so the same settings give the same bytes.
"""

from __future__ import annotations

import string
from functools import cache
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from pydantic import Field

from lorvp.datasets.base import DatasetSettings
from lorvp.datasets.source import ImageArray, Sizes, Source
from lorvp.settings import Seed

# Ranges, as shares of the canvas (the width: of the font's own). They reach from thin to heavy,
# from narrow to wide, and from sharp to as blurred as an 8-pixel scan that was enlarged: the
# network should know the letters' shapes and not the font's edges.
HEIGHT, WIDTH, OFFSET, STROKE, SLANT, BLUR = (0.7, 1.2), (0.5, 1.25), 0.1, 0.08, 0.3, 0.08


class LettersConfig(DatasetSettings):
    """26 classes: 7,800 / 1,040 / 2,600 images, light letters on black, drawn here."""

    kind: Literal["letters"] = "letters"
    side: int = Field(default=32, ge=16, le=256)
    """Height and width in pixels."""
    train: int = Field(default=300, ge=1, le=10_000)
    """Images of each letter to train on."""
    val: int = Field(default=40, ge=1, le=10_000)
    test: int = Field(default=100, ge=1, le=10_000)
    """Held-out images of each letter, which decide whether the checkpoint is good enough."""
    seed: Seed = 0

    @property
    def stored(self) -> tuple[int, int]:
        return self.side, self.side

    def expected(self) -> Sizes:
        return Sizes(26, 26 * self.train, 26 * self.val, 26 * self.test)

    def source(self) -> Source:
        sizes = {name: 26 * getattr(self, name) for name in ("train", "val", "test")}
        bounds = np.cumsum([0, *sizes.values()])
        labels_N = np.arange(bounds[-1]) % 26
        rng = np.random.default_rng(self.seed)
        grey_NHW = np.stack([draw(string.ascii_uppercase[k], self.side, rng) for k in labels_N])
        return Source(
            images=ImageArray(np.repeat(grey_NHW[..., None], 3, axis=-1)),
            labels_N=labels_N.astype(np.int64),
            splits={n: np.arange(a, b) for n, a, b in zip(sizes, bounds, bounds[1:], strict=False)},
            class_names=list(string.ascii_uppercase),
            origin="drawn with Pillow's embedded font (Aileron, CC0)",
        )


def draw(letter: str, side: int, rng: np.random.Generator) -> np.ndarray:
    """One letter, (side, side) uint8, drawn at twice the size and averaged down."""
    big = 2 * side
    font = _font().font_variant(size=big * rng.uniform(*HEIGHT))
    x, y = big * (0.5 + rng.uniform(-OFFSET, OFFSET, size=2))
    canvas = Image.new("L", (big, big))
    ImageDraw.Draw(canvas).text(
        (x, y), letter, fill=255, font=font, anchor="mm", stroke_width=big * rng.uniform(0, STROKE)
    )
    stretch, slant = 1 / rng.uniform(*WIDTH), rng.uniform(-SLANT, SLANT)
    affine = (stretch, slant, (1 - stretch - slant) * big / 2, 0, 1, 0)  # about the centre
    canvas = canvas.transform(
        canvas.size, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR
    )
    canvas = canvas.filter(ImageFilter.GaussianBlur(big * rng.uniform(0, BLUR)))
    return np.asarray(canvas.resize((side, side), Image.Resampling.BOX))


@cache
def _font() -> ImageFont.FreeTypeFont:
    """The font, kept because Pillow would decode it again for each letter."""
    font = ImageFont.load_default(size=10)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
