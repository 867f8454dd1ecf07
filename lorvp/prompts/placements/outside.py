"""What the fit leaves free: the frame of AutoVP (arXiv 2310.08381) and ILM-VP (2211.11635)."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from lorvp.errors import InputError
from lorvp.prompts.base import Canvas, Fit, Placement
from lorvp.settings import Settings


class OutsideConfig(Settings):
    """Add the content to the pixels that hold no image."""

    kind: Literal["outside"] = "outside"

    def build(self, canvas: Canvas, fit: Fit) -> Outside:
        return Outside(fit)


class Outside(Placement):
    """Ones where the fit puts no image. The edge moves where the fit trains the image's size."""

    def __init__(self, fit: Fit) -> None:
        super().__init__()
        support_HW = fit.ever_free_HW()
        if not support_HW.any():
            raise InputError(
                "the placement `outside` has nowhere to go: this fit lays the image on the whole "
                "canvas; use a fit that leaves a frame, such as `frame`"
            )
        self.register_buffer("support_HW", support_HW, persistent=False)
        self.image_HW = fit.image_HW

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        return (~self.image_HW())[None, None].to(canvas_BCHW)
