"""LoR-VP: a low-rank prompt over the whole image, added before normalisation, not clamped.

Jin et al. (ICLR 2025, arXiv 2502.00896); the content is described in ``contents/low_rank.py``.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.low_rank import Factors
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.recipe import CosineConfig, SgdConfig, TrainingConfig
from lorvp.settings import Differs, Origin

TRAINING = TrainingConfig(
    epochs=20,  # run script
    batch_size=256,  # run script
    optimizer=SgdConfig(momentum=0.9, weight_decay=1e-4),  # run script
    lr=0.02,  # run script; prompt and head alike
    schedule=CosineConfig(),  # run script: per step, without warm-up
    # The run script has no augmentation: its option "randomcrop" (252, then 224) is off.
)
"""Settings of the published run script, which is for ViT-B/16 on Tiny-ImageNet. The paper's values
for other networks are not known."""


class LorVpConfig(Method, Factors):
    """Adds a low-rank matrix for each colour to the whole image. 3 r (H + W) values."""

    kind: Literal["lor_vp"] = "lor_vp"

    origin: ClassVar[Origin] = Origin(
        paper="LoR-VP, Jin et al., ICLR 2025, arXiv 2502.00896",
        formula="norm(x + B A) in each colour; B = 0, A from N(0, 0.01^2)",
        recipe="LoR-VP's run script (ViT-B/16 on Tiny-ImageNet)",
        differs=(
            Differs(
                "settings of the one published run script for every network and dataset; the "
                "paper's own, said to be searched for each (a secondary source), are not known",
            ),
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        return TRAINING

    def build(self, canvas: Canvas) -> Prompt:
        placement = Everywhere(canvas.size)
        content = self.low_rank(placement)
        return Prompt(Resize(canvas.size, canvas.interpolation), content, placement, space="pixel")
