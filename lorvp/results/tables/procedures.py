"""How the papers worked whose numbers are in ``published.csv``, where we may work otherwise.

Only what is known of a paper's procedure is set down; what is not known makes no difference here.
What one method or mapping does otherwise stands in its own ``origin``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Procedure:
    """What a paper's code does, as far as it is known."""

    tests_choose: bool = False
    """The epoch is the one with the best test accuracy, and all training images are trained on."""
    autocast: bool = False
    """The network runs in fp16 under autocast, with scaled gradients."""
    bilinear: bool = False
    """Images are resized by bilinear interpolation for every network."""
    middle: bool = False
    """Test images are the middle of the short side, not squashed into a square."""
    more: tuple[str, ...] = ()
    """Other differences of all its numbers, in words."""


NOT_SAID = "the epoch is chosen on validation images; how the paper chose it is not known"

AFTER = "`ilm` counts before each epoch, not once at the start and after each"

LOWER = "class names in lower case, with spaces for _ and -"

PROCEDURES: Mapping[str, Procedure] = {
    "LoR-VP, ICLR 2025": Procedure(tests_choose=True, bilinear=True, more=(AFTER,)),
    "ILM-VP, CVPR 2023": Procedure(tests_choose=True, autocast=True),
    "AutoVP, ICLR 2024": Procedure(tests_choose=True, autocast=True),
    "SMM, ICML 2024": Procedure(tests_choose=True, autocast=True, bilinear=True),
    "AdaViPro, ICIP 2024": Procedure(more=(NOT_SAID,)),
    "InsVP, ACM MM 2024": Procedure(more=(NOT_SAID,)),
    "RVP": Procedure(tests_choose=True, middle=True, more=(LOWER,)),
    "DGA, CVPR 2026": Procedure(more=(NOT_SAID,)),
    "VP-LLR, ICASSP 2025": Procedure(more=(NOT_SAID,)),
}
"""By the column ``paper``; from the papers' code, RVP's from its appendix."""
