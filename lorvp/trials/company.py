"""Which trials can be trained side by side, through one frozen network."""

from __future__ import annotations

from lorvp.experiment.trial import Trial
from lorvp.files.whole import canonical
from lorvp.networks.interface import Canvas, Ends
from lorvp.training.built import built


def company(trial: Trial, canvas: Canvas, ends: Ends) -> bytes | None:
    """What a trial has in common with those that it can be trained beside; None if it is trained
    alone, since it reaches inside the network, or reads outputs that are computed once for all
    epochs.

    Besides, trials side by side have the same dataset and network. They may differ in all that is
    their own: method, mapping, seed, optimiser, rates, epochs, augmentation.

    Raises:
        InputError: the method or the mapping does not fit this network or these classes.
    """
    config, (prompt, mapping) = trial.training, built(trial, canvas, ends)
    if prompt.inside_network or prompt.fixed or next(prompt.parameters(), None) is None:
        return None
    common = [config.batch_size, config.precision, config.compile, config.test_every_epoch]
    return canonical([mapping.reads, *common])
