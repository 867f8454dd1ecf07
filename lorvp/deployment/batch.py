"""Batches of images as people have them, brought to the one form in which prompts were trained:
uint8 images_BHWC."""

from __future__ import annotations

import torch
from torch import Tensor

from lorvp.errors import InputError

FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
ROOM = 0.1
"""How far a float may lie outside of [0, 1]: bicubic resizing overshoots that much at an edge."""
WANTED = (
    "images should be uint8 (0 to 255) or floats in [0, 1] (not normalised by mean and std), of "
    "the shape (B, H, W, 3) or (B, 3, H, W)"
)


def grey_levels(images: Tensor) -> Tensor:
    """uint8 images_BHWC of uint8 or float images, channels first or last. Floats are rounded to
    the 256 grey levels that prompts are trained on, so that k / 255 is k again; they are not
    looked at here (``outside``).

    Raises:
        InputError: they have another type or shape, or three rows or columns as well as channels.
    """
    if images.dtype != torch.uint8 and images.dtype not in FLOATS:
        raise InputError(f"{WANTED}; got {_form(images)}")
    images_BHWC = _channels_last(images)
    if images.dtype == torch.uint8:
        return images_BHWC
    levels_BHWC = images_BHWC.float().clamp(0, 1) * 255
    return levels_BHWC.round().to(torch.uint8)


def outside(images: Tensor) -> Tensor:
    """Whether a float is no number or far from [0, 1], as a tensor on the images' device: asking
    for its value waits for the device."""
    low, high = images.aminmax()
    return ~((low >= -ROOM) & (high <= 1 + ROOM))


def require_unit(images: Tensor) -> None:
    """Look at all values, for which a GPU has to be waited for.

    Raises:
        InputError: a float is no number or far from [0, 1].
    """
    if bool(outside(images)):
        low, high = (float(value) for value in images.aminmax())
        raise InputError(f"{WANTED}; got {_form(images)} with values from {low:.4g} to {high:.4g}")


def _channels_last(images: Tensor) -> Tensor:
    last, first = (images.ndim == 4 and images.shape[at] == 3 for at in (3, 1))
    if last and first:
        raise InputError(f"{WANTED}; {_form(images)} may be either, so turn it the right way")
    if images.ndim != 4 or not (last or first) or 0 in images.shape:
        raise InputError(f"{WANTED}; got {_form(images)}")
    return images if last else images.permute(0, 2, 3, 1).contiguous()


def _form(images: Tensor) -> str:
    return f"{str(images.dtype).removeprefix('torch.')} of the shape {tuple(images.shape)}"
