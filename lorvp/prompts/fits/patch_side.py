"""The side of the patches that a prompt follows: the network's own, or one that is given."""

from __future__ import annotations

from typing import Annotated

from lorvp.errors import InputError
from lorvp.prompts.base import Canvas, require_tiling
from lorvp.settings import Count, Symbol

PatchSide = Annotated[Count | None, Symbol("P")]
"""None for the network's own."""


def patch_side(canvas: Canvas, side: int | None) -> int:
    """The side to use, in pixels.

    Raises:
        InputError: none is given and the network has none, or patches do not tile the canvas.
    """
    found = side or canvas.patch
    if found is None:
        raise InputError("the network has no patches, so `side` has to be given")
    require_tiling("patches", found, canvas.size)
    return found
