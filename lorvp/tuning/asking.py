"""Which settings are tried next: Optuna is asked in rounds of fixed size.

The first FIRST settings are quasi-random (Optuna's QMC sampler: a scrambled Sobol sequence), the
others come EACH at a time from TPE (Bergstra et al., NeurIPS 2011), which knows the results of all
rounds before. What a round asks for depends on nothing else: not on the budget, on machines, or
on the order in which trials ended. A study lives for one question and is built anew for the next.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lorvp.experiment.searches import Key, Raw

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler

FIRST = 8
"""Quasi-random settings: whole powers of two keep a Sobol sequence even."""
EACH = 4
"""Settings of each later round."""

Setting = tuple[Raw, ...]
"""A value for each of the searched keys."""


@dataclass(frozen=True)
class Told:
    """A setting that was tried, and what validation said of it."""

    setting: Setting
    seen: tuple[tuple[int, float], ...]
    """Epochs and the best validation accuracy within them; empty if the setting is of no use."""
    whole: bool
    """Whether it was trained to the end."""


def rounds(budget: int) -> Iterator[int]:
    """How many of each round's settings are tried; those of a larger budget begin with them."""
    size = FIRST
    while budget > 0:
        yield min(size, budget)
        budget, size = budget - size, EACH


@lru_cache(maxsize=100_000)
def ask(keys: tuple[Key, ...], seed: int, told: tuple[Told, ...]) -> tuple[Setting, ...]:
    """The settings of the next round, after all rounds in ``told``.

    Cached: a plan asks again for all rounds that are over.
    """
    with quiet_optuna():
        return _asked(keys, seed, told)


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Without what Optuna logs of each study, and that some of its parts may change."""
    import optuna

    earlier = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(earlier)


def _asked(keys: tuple[Key, ...], seed: int, told: tuple[Told, ...]) -> tuple[Setting, ...]:
    import optuna

    # Each round has a seed of its own, so that no generator's state has to be kept.
    own = (seed + 0x9E3779B1 * len(told)) % 2**32
    if told:
        sampler = optuna.samplers.TPESampler(seed=own, n_startup_trials=1)
    else:
        sampler = optuna.samplers.QMCSampler(seed=own, scramble=True)
    study = study_of(keys, told, sampler)
    space = spaces(keys)
    found = [study.ask(space).params for _ in range(EACH if told else FIRST)]
    return tuple(tuple(params[key.name] for key in keys) for params in found)


def study_of(
    keys: Sequence[Key], told: Sequence[Told], sampler: BaseSampler | None = None
) -> Study:
    """A study in memory that knows what was tried."""
    import optuna

    study = optuna.create_study(direction="maximize", sampler=sampler)
    space, state = spaces(keys), optuna.trial.TrialState
    for one in told:
        done = one.whole and bool(one.seen)
        study.add_trial(
            optuna.trial.create_trial(
                params={key.name: raw for key, raw in zip(keys, one.setting, strict=True)},
                distributions=space,
                # Among the stopped ones TPE ranks those first that came far, and then by accuracy.
                state=state.COMPLETE if done else state.PRUNED,
                value=one.seen[-1][1] if done else None,
                intermediate_values=dict(one.seen),
            )
        )
    return study


def spaces(keys: Sequence[Key]) -> dict[str, BaseDistribution]:
    """What each key may be, as Optuna says it. Choices are known by their places, since Optuna
    knows only plain ones."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    found: dict[str, BaseDistribution] = {}
    for key in keys:
        if key.choices:
            found[key.name] = CategoricalDistribution(range(len(key.choices)))
        elif key.whole:
            found[key.name] = IntDistribution(int(key.low), int(key.high), log=key.log)
        else:
            found[key.name] = FloatDistribution(key.low, key.high, log=key.log)
    return found
