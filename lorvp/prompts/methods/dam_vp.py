"""DAM-VP: VP's border for each cluster of images.

Huang et al., "Diversity-Aware Meta Visual Prompting" (CVPR 2023, arXiv 2303.08138); how images are
clustered and choose is described in ``several/by_image.py``. All prompts start from the same
values, as theirs do: from N(0, 1), as their code without a meta-prompt. Meta-prompts, which they
train on six other datasets, are left out.
"""

from __future__ import annotations

import copy
from typing import Annotated, ClassVar, Literal

from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.free import Free
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.border import Border
from lorvp.prompts.several.base import Contents, Number
from lorvp.prompts.several.by_image import ByImageConfig
from lorvp.recipe import CosineConfig, SgdConfig, TrainingConfig
from lorvp.settings import Count, Differs, Origin, Symbol


class DamVpConfig(Method):
    """Adds one of several borders to each image: that of its cluster of images.

    The border's values times the number of prompts.
    """

    kind: Literal["dam_vp"] = "dam_vp"
    width: Annotated[Count, Symbol("p")] = 30
    """Pixels on each side; the code's default at 224."""
    number: Number = 3
    """The number of prompts; our choice. Theirs follows from a distance listed for each network."""

    origin: ClassVar[Origin] = Origin(
        paper="DAM-VP, Huang et al., CVPR 2023, arXiv 2303.08138",
        formula="norm(x) + delta_c(x) * M, c(x) the nearest cluster of features",
        recipe="DAM-VP's code",
        differs=(
            Differs("prompts start from N(0, 1), not from a meta-prompt of six other datasets"),
            Differs("the number of clusters is given, not found by a distance for each network"),
            Differs("no warm-up unless `warmup_steps` is given; the code's is a fifth of all"),
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        return TrainingConfig(
            epochs=50,  # code's default
            batch_size=128,  # code's default
            optimizer=SgdConfig(momentum=0.9, weight_decay=0.0),  # code
            lr=10_000.0,  # code's default
            lr_mapping=0.1,  # code, for a trained head
            schedule=CosineConfig(),  # code; its warm-up, a fifth of all steps, needs warmup_steps
        )

    def build(self, canvas: Canvas) -> Prompt:
        size = canvas.size
        placement = Border(size, self.width)
        start = Free(placement.content_HW, std=1.0)
        contents = Contents([copy.deepcopy(start) for _ in range(self.number)])
        division = ByImageConfig(number=self.number)
        fit = Resize(size, canvas.interpolation)
        return division.prompt(fit, contents, placement, space="normalised")
