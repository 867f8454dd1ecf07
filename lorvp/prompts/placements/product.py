"""Two placements at once: the content reaches a pixel where both allow it."""

from __future__ import annotations

from typing import Annotated, Literal

from torch import Tensor

from lorvp.errors import InputError
from lorvp.prompts.base import Canvas, Fit, Placement
from lorvp.prompts.placements.border import BorderConfig
from lorvp.prompts.placements.corner import CornerConfig
from lorvp.prompts.placements.outside import OutsideConfig
from lorvp.prompts.placements.regions import RegionsConfig
from lorvp.prompts.placements.sample_mask import SampleMaskConfig
from lorvp.settings import BY_KIND, OR_KIND_ALONE, Settings

Place = Annotated[BorderConfig | CornerConfig | OutsideConfig, BY_KIND, OR_KIND_ALONE]
Choice = Annotated[RegionsConfig | SampleMaskConfig, BY_KIND, OR_KIND_ALONE]


class ProductConfig(Settings):
    """A place that is the same for every image, in which each image makes a choice."""

    kind: Literal["product"] = "product"
    place: Place = BorderConfig()
    """Where the content can be."""
    choice: Choice = RegionsConfig()
    """How much of it each image takes; AdaViPro is `regions` in a `border`."""

    def build(self, canvas: Canvas, fit: Fit) -> Product:
        place, choice = self.place.build(canvas, fit), self.choice.build(canvas, fit)
        if not (place.support_HW & choice.judged_HW(fit.image_HW())).any():
            raise InputError(
                f"`{self.choice.kind}` has nothing to choose by in this `{self.place.kind}`: the "
                "image does not reach there, so all images would choose alike"
            )
        return Product(place, choice)


class Product(Placement):
    """Masks multiply; the support is what both can reach."""

    def __init__(self, first: Placement, second: Placement) -> None:
        super().__init__()
        self.first, self.second = first, second
        support_HW = first.support_HW & second.support_HW
        self.register_buffer("support_HW", support_HW, persistent=False)

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        return self.first(canvas_BCHW) * self.second(canvas_BCHW)

    def end_epoch(self) -> dict[str, float]:
        return self.first.end_epoch() | self.second.end_epoch()
