"""TrivialAugment: one change to each image, of a random kind and a random strength.

Müller and Hutter, "TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation" (ICCV 2021),
its wide space; kinds, strengths and pixels are those of torchvision's TrivialAugmentWide.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.augmentation.asking import on_host
from lorvp.augmentation.levels import autocontrasted, blurred, equalised, grey

KINDS = (
    "Identity", "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color",
    "Contrast", "Sharpness", "Posterize", "Solarize", "AutoContrast", "Equalize",
)  # fmt: skip
STRENGTHS = 31
"""Strengths of a kind, 0 to 30; kinds without strength take no notice of it."""


def trivially_augmented(images_BCHW: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """uint8 images_BCHW, each changed in one of ``KINDS``; all kinds are equally likely."""
    shape, device = (len(images_BCHW),), images_BCHW.device
    kind_B, strength_B, sign_B = (
        torch.randint(number, shape, generator=generator, device=device)
        for number in (len(KINDS), STRENGTHS, 2)
    )
    return changed(images_BCHW, kind_B, strength_B, 1 - 2 * sign_B)


def changed(images_BCHW: Tensor, kind_B: Tensor, strength_B: Tensor, sign_B: Tensor) -> Tensor:
    """uint8 images_BCHW, each changed by the kind of its number in ``KINDS``, with a strength from
    0 to 30 and a sign of 1 or -1, of which kinds with one direction take no notice."""

    def of(*kinds: str) -> Tensor:
        numbers = [KINDS.index(kind) for kind in kinds]
        return (kind_B >= min(numbers)) & (kind_B <= max(numbers))

    images_BCHW = _where(of("ShearX", "Rotate"), images_BCHW, _moved, kind_B, strength_B, sign_B)
    factor_B = 1 + sign_B * _strength(strength_B, 0.99)
    for kind, other in BLENDS.items():
        images_BCHW = _where(of(kind), images_BCHW, partial(_blended, other), factor_B)
    images_BCHW = _where(of("Posterize"), images_BCHW, _posterised, strength_B)
    images_BCHW = _where(of("Solarize"), images_BCHW, _solarised, strength_B)
    images_BCHW = _where(of("AutoContrast"), images_BCHW, autocontrasted)
    return _where(of("Equalize"), images_BCHW, equalised)


def _where(
    asked_B: Tensor, images_BCHW: Tensor, change: Callable[..., Tensor], *own_B: Tensor
) -> Tensor:
    """``change(images, *own)`` for the images that are ``asked``, the others as they are.

    A CPU changes only those. A GPU would have to wait to know which, and changes all of them.
    """
    if not on_host(images_BCHW):
        return torch.where(_each(asked_B), change(images_BCHW, *own_B), images_BCHW)
    rows = asked_B.nonzero()[:, 0]
    if not len(rows):
        return images_BCHW
    return images_BCHW.index_copy(0, rows, change(images_BCHW[rows], *(own[rows] for own in own_B)))


def _strength(strength_B: Tensor, most: float) -> Tensor:
    """Numbers of strengths as values from 0 to ``most``: by torchvision's own table, as another's
    last bits would shift some images by a pixel more."""
    here = {"dtype": torch.float32, "device": strength_B.device}
    return torch.linspace(0, most, STRENGTHS, **here)[strength_B]


def _each(values_B: Tensor) -> Tensor:
    return values_B[:, None, None, None]


def _moved(images_BCHW: Tensor, kind_B: Tensor, strength_B: Tensor, sign_B: Tensor) -> Tensor:
    """Sheared about the corner, shifted by up to 32 pixels, or turned by up to 135 degrees about
    the middle: the nearest pixel, and black where there is none."""
    height, width = images_BCHW.shape[2:]
    here = {"dtype": torch.float32, "device": images_BCHW.device}

    def only(kind: str, most: float, whole: bool = False) -> Tensor:
        value_B = _strength(strength_B, most)
        value_B = (value_B.trunc() if whole else value_B) * sign_B
        return torch.where(kind_B == KINDS.index(kind), value_B, 0.0)[:, None, None]

    shear_x, shear_y = only("ShearX", 0.99), only("ShearY", 0.99)
    shift_x, shift_y = only("TranslateX", 32, whole=True), only("TranslateY", 32, whole=True)
    turn = torch.deg2rad(only("Rotate", 135))
    # Where each pixel of the result comes from, in pixels from the middle.
    y_H1 = (torch.arange(height, **here) - (height - 1) / 2)[:, None]
    x_1W = torch.arange(width, **here) - (width - 1) / 2
    from_x = turn.cos() * x_1W - turn.sin() * y_H1 + shear_x * (y_H1 + height / 2) - shift_x
    from_y = turn.sin() * x_1W + turn.cos() * y_H1 + shear_y * (x_1W + width / 2) - shift_y
    grid_BHW2 = torch.stack([from_x / (width / 2), from_y / (height / 2)], dim=-1)
    moved_BCHW = F.grid_sample(images_BCHW.float(), grid_BHW2, "nearest", "zeros", False)
    return moved_BCHW.to(torch.uint8)


def _blended(other: Callable[[Tensor], Tensor], images_BCHW: Tensor, factor_B: Tensor) -> Tensor:
    """``factor`` of the image and the rest of the other, cut to whole levels."""
    # In this form, which is Pillow's, what is the same in both keeps its level.
    mixed_BCHW = images_BCHW + _each(1 - factor_B) * (other(images_BCHW) - images_BCHW.float())
    return mixed_BCHW.clamp(0, 255).to(torch.uint8)


def _mean_grey(images_BCHW: Tensor) -> Tensor:
    return grey(images_BCHW).mean((1, 2, 3), keepdim=True)


BLENDS: dict[str, Callable[[Tensor], Tensor]] = {
    "Brightness": lambda images_BCHW: torch.zeros_like(images_BCHW),
    "Color": grey,
    "Contrast": _mean_grey,
    "Sharpness": blurred,
}
"""What an image is mixed with, by the kind of change."""


def _posterised(images_BCHW: Tensor, strength_B: Tensor) -> Tensor:
    """The last 0 to 6 bits of each level become 0."""
    bits_B = (strength_B / ((STRENGTHS - 1) / 6)).round()
    return images_BCHW & _each(256 - 2**bits_B).to(torch.uint8)


def _solarised(images_BCHW: Tensor, strength_B: Tensor) -> Tensor:
    """Levels of a threshold or above, which falls from 255 to 0, are inverted."""
    threshold_B = 255 - strength_B * (255 / (STRENGTHS - 1))
    return torch.where(images_BCHW >= _each(threshold_B), 255 - images_BCHW, images_BCHW)
