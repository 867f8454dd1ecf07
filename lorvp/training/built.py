"""A trial's prompt and mapping, which are known before its network is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lorvp.mappings.base import Mapping
from lorvp.networks.interface import Canvas, Ends
from lorvp.prompts.base import Prompt

if TYPE_CHECKING:
    from lorvp.experiment.trial import Trial


def built(trial: Trial, canvas: Canvas, ends: Ends) -> tuple[Prompt, Mapping]:
    """Prompt and mapping with fresh start values, in this order from torch's global generator.

    Raises:
        InputError: the method or the mapping does not fit this network or these classes.
    """
    prompt = trial.method.build(canvas)
    prompt.fit.augmentation = trial.training.augmentation
    mapping = trial.mapping.build(ends)
    if mapping.reads == "features":
        ends.require_features(trial.mapping.kind)
    return prompt, mapping
