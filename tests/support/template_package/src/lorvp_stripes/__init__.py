"""Stripes: a trained value for each colour and column. Scaled: a trained factor for each class."""

from typing import ClassVar, Literal

import torch
from torch import nn

from lorvp.mappings.base import Mapping
from lorvp.mappings.settings import MappingSettings
from lorvp.prompts.base import Content, Prompt
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.settings import Origin


class StripesConfig(Method):
    """3 W values, zero at the start."""

    kind: Literal["stripes"] = "stripes"
    origin: ClassVar[Origin] = Origin(paper="ours", formula="norm(x + w), w of W", recipe="none")

    def build(self, canvas):
        fit = Resize(canvas.size, canvas.interpolation)
        return Prompt(fit, Stripes(*canvas.size), Everywhere(canvas.size), space="pixel")


class Stripes(Content):
    def __init__(self, height, width):
        super().__init__()
        self.height, self.values = height, nn.Parameter(torch.zeros(3, 1, width))

    def forward(self):
        return self.values.expand(-1, self.height, -1)


class ScaledConfig(MappingSettings):
    """K values, one at the start."""

    kind: Literal["scaled"] = "scaled"
    origin: ClassVar[Origin] = Origin(paper="ours", formula="s[k] z[k]", recipe="none")

    def build(self, ends):
        ends.require_sources(self.kind)
        return Scaled(ends.target_classes)


class Scaled(Mapping):
    def __init__(self, target_classes):
        super().__init__(target_classes)
        self.scale = nn.Parameter(torch.ones(target_classes))

    def forward(self, outputs):
        return self.scale * outputs[:, : self.target_classes]
