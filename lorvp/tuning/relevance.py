"""Which keys can change the trials of a search at all.

A learning rate changes nothing where nothing is trained by it. Such a key is left out: it would
spread the budget over trials that are all the same.
"""

from __future__ import annotations

from collections.abc import Set

from torch import nn

from lorvp.experiment.searches import Key, Search
from lorvp.experiment.trial import Trial
from lorvp.networks.interface import Canvas, Ends
from lorvp.training.built import built

RATES = {"placement": "lr_placement", "mapping": "lr_mapping"}
"""Roles of trained parts that may have a rate of their own; the others have ``lr``."""


def roles(trial: Trial, canvas: Canvas, ends: Ends) -> set[str]:
    """The roles of a trial's trained parts; see `PromptedNetwork.parameter_groups`.

    Raises:
        InputError: the method or the mapping does not fit this network or these classes.
    """
    prompt, mapping = built(trial, canvas, ends)
    parts: dict[str, nn.Module] = dict(prompt.named_children()) | {"mapping": mapping}
    found = {role for role, part in parts.items() if next(part.parameters(), None) is not None}
    return found | ({"network"} if prompt.inside_network else set())


def relevant(search: Search, trained: Set[str]) -> tuple[Key, ...]:
    """The keys that can change a result where these roles are trained."""
    searched = {key.name for key in search.keys}
    training = search.point.trial.training
    own = {
        role
        for role, name in RATES.items()
        if name in searched or getattr(training, name) is not None
    }

    def changes(key: Key) -> bool:
        if key.path[0] != "training":
            return True
        if key.name == "lr":
            return bool(trained - own)
        role = next((role for role, name in RATES.items() if name == key.name), None)
        return role in trained if role else bool(trained)

    return tuple(key for key in search.keys if changes(key))
