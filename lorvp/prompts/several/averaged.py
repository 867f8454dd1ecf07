"""Every image goes through the network with every prompt, and the outputs are averaged.

An ensemble, as DGA (CVPR 2026) averages prompts; for a mapping that is linear, the mean of the
target logits as well.
"""

from __future__ import annotations

from typing import Literal

import torch

from lorvp.errors import InputError
from lorvp.prompts.base import Fit, Placement, Space
from lorvp.prompts.several.base import Contents, InSeveralPasses, Several


class AveragedConfig(Several):
    """The mean over all prompts; costs a pass through the network for each."""

    kind: Literal["averaged"] = "averaged"

    def prompt(
        self, fit: Fit, contents: Contents, placement: Placement, space: Space
    ) -> InSeveralPasses:
        first, second, *_ = contents.each
        if torch.equal(first(), second()) and _alike(first, second):
            raise InputError(
                f"these {self.number} prompts start alike, and would stay alike if their outputs "
                "are averaged; give the content a random start, or use by_image or by_class"
            )
        return InSeveralPasses(fit, contents, placement, space)


def _alike(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    """Whether two modules of one kind have the same values."""
    return all(map(torch.equal, first.parameters(), second.parameters()))
