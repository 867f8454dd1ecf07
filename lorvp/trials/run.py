"""Trials from their settings to their results, one alone or several side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from lorvp.datasets.manifest import SPLITS
from lorvp.datasets.prepared import Prepared
from lorvp.networks.acceleration.engine import engine
from lorvp.networks.acceleration.precision import computing_in
from lorvp.networks.frozen import FrozenNetwork
from lorvp.training.built import built
from lorvp.training.cached_outputs import Cache, no_cache
from lorvp.training.epoch import Epoch
from lorvp.training.lanes import Lanes
from lorvp.training.memory import ran_out_of_memory
from lorvp.training.model import PromptedNetwork
from lorvp.trials.course import Course, Wish
from lorvp.trials.result import Result
from lorvp.trials.resume import NOWHERE, Resume

if TYPE_CHECKING:
    from lorvp.experiment.trial import Trial


def build(
    trial: Trial,
    network: FrozenNetwork,
    target_names: Sequence[str],
    halvings: int = 0,
    trained: bool = False,
) -> PromptedNetwork:
    """The trial's model with fresh start values from torch's global generator. ``trained``: a
    trained state will take their place, so that no file of the mapping's is read.

    A batch goes through the network in pieces, which are halved ``halvings`` times. If they are
    halved at all, each is computed once more in the backward pass: less memory, more time, and the
    same gradients but for their last bits.

    Raises:
        InputError: the method or the mapping does not fit this network or these classes, or one of
            the mapping's files does not suit them.
    """
    config = trial.training
    network = engine(network.for_targets(target_names), config.precision, config.compile)
    network.halvings = halvings
    prompt, mapping = built(trial, network.canvas, network.ends(target_names))
    return PromptedNetwork(prompt, network, mapping, trained)


def run(
    trial: Trial,
    network: FrozenNetwork,
    data: Prepared,
    device: torch.device | str = "cpu",
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    cache: Cache = no_cache,
    resume: Resume = NOWHERE,
    halvings: int = 0,
) -> Result:
    """Train, choose the epoch with the best validation, and evaluate it on the test images once.

    Seeds torch's global generator with the trial's seed, so that a trial's bits do not depend
    on what ran before it. See `Wish` for the rest.
    """
    wish = Wish(trial, on_epoch, cache, resume)
    for ended in run_together([wish], network, data, device, halvings=halvings):
        for result in ended.values():
            if isinstance(result, Exception):
                raise result
            return result
    raise AssertionError("a trial ends")


def run_together(
    wishes: Sequence[Wish],
    network: FrozenNetwork,
    data: Prepared,
    device: torch.device | str = "cpu",
    width: int = 1,
    halvings: int = 0,
) -> Iterator[dict[int, Result | Exception]]:
    """Run trials of one `company` side by side, each as ``run`` runs it.

    After each epoch, yields the trials that have ended, by their number: their results, or why
    they have none; the others go on. On a GPU batches are filled up to ``width`` lanes, on which
    the last bits of results depend.

    Raises:
        Exception: memory ran out, or the network failed, for all that have not ended.
    """
    precision = wishes[0].trial.training.precision
    network = network.to(device)
    splits = {name: data.split(name).to(device) for name in SPLITS}
    running: dict[int, Course] = {}
    ended: dict[int, Result | Exception] = {}
    for number, wish in enumerate(wishes):
        with computing_in(precision), _ending(ended, number):
            torch.manual_seed(wish.trial.seed)
            whole = build(wish.trial, network, data.class_names, halvings).to(device)
            running[number] = Course(wish, whole, splits)
    if ended:
        yield ended
    lanes = Lanes([each.training for each in running.values()], width) if running else None
    while lanes is not None and running:
        with computing_in(precision):
            ended = _epoch(running, lanes)
        yield ended
        running = {number: each for number, each in running.items() if number not in ended}


def _epoch(running: dict[int, Course], lanes: Lanes) -> dict[int, Result | Exception]:
    """Train one epoch; the trials that end with it."""
    ended: dict[int, Result | Exception] = {}
    outcome = lanes.epoch() if lanes.running else {}
    for number, each in running.items():
        with _ending(ended, number):
            if (result := each.after(outcome.get(each.training), lanes)) is not None:
                ended[number] = result
        if number in ended:
            lanes.drop(each.training)
    return ended


@contextmanager
def _ending(ended: dict[int, Result | Exception], number: int) -> Iterator[None]:
    """Take down the error with which a trial ends in this block; the others go on."""
    try:
        yield
    except Exception as error:
        if ran_out_of_memory(error):
            raise
        ended[number] = error
