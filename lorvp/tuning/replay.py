"""A search as a function of the results there are: what was tried, what is missing, what is chosen.

Nothing of a search is kept but its trials. Whoever asks walks through it from its beginning, as
far as there are results; so a search that was killed goes on, and two who ask agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from pydantic import ValidationError

from lorvp.experiment.searches import Key, Search
from lorvp.experiment.trial import Candidate
from lorvp.text.problems import told as sentence
from lorvp.tuning.asking import Setting, Told, ask, rounds
from lorvp.tuning.halving import going_on, rungs


@dataclass(frozen=True)
class Outcome:
    """What became of a trial of a setting."""

    accuracy: float | None
    """The best on validation images; None if the setting is of no use."""
    loss: float = 0.0
    """On the same images after the same epoch."""
    epochs: int = 0
    """Epochs from the beginning."""
    why: str = ""
    """Why it is of no use."""


@dataclass(frozen=True)
class Wanted:
    """A trial that the search needs, and its place in it, from 0."""

    trial: Candidate
    number: int
    """Of the setting."""
    round: int
    rung: int
    until: int
    """The epoch at which it is compared."""


Look = Callable[[Wanted], Outcome | None]
"""The result of a trial; None if there is none yet."""


@dataclass
class Tried:
    """A setting, and how it did."""

    number: int
    setting: Setting
    values: dict[str, Any]
    seen: list[tuple[int, float]] = field(default_factory=list)
    """Epochs and mean accuracy over the search's seeds at each rung that it came to."""
    loss: float = 0.0
    epochs: int = 0
    """Epochs spent on it with all seeds; those before a rung are counted once."""
    why: str = ""
    """Why it is of no use."""
    whole: bool = False
    """Whether it was trained to the end."""

    def told(self) -> Told:
        return Told(self.setting, () if self.why else tuple(self.seen), self.whole)


@dataclass
class Replay:
    """A search as far as there are results."""

    search: Search
    keys: tuple[Key, ...]
    """Those of the search's keys that can change its trials."""
    epochs: int
    """Epochs of a trial that goes to the end."""
    tried: list[Tried] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    """All trials that were looked for, in order."""
    missing: list[Wanted] = field(default_factory=list)
    """Those without a result; the search goes on when all of them have one."""

    @property
    def chosen(self) -> Tried | None:
        """The setting with the best validation accuracy among those trained to the end; among
        equals the lower validation loss, then the first. None if there is none."""
        ended = [one for one in self.tried if one.whole and not one.why]
        return max(ended, key=lambda one: (one.seen[-1][1], -one.loss, -one.number), default=None)

    @property
    def spent(self) -> int:
        """Epochs that the search trained."""
        return sum(one.epochs for one in self.tried)

    @property
    def whole(self) -> int:
        """Epochs that the same settings take to the end."""
        return len(self.tried) * self.epochs * len(self.search.tune.seeds)


def replay(search: Search, keys: Sequence[Key], epochs: int, look: Look) -> Replay:
    """Walk through a search; ``keys`` are those that can change its trials, of which each takes
    ``epochs``. Without any there is nothing to search, and nothing is tried."""
    found = Replay(search, tuple(keys), epochs)
    told: tuple[Told, ...] = ()
    for number, size in enumerate(rounds(search.tune.budget) if keys else ()):
        settings = ask(found.keys, search.tune.seeds[0], told)[:size]
        begun = [_tried(found, setting) for setting in settings]
        if not _round(found, begun, number, look):
            break
        told += tuple(one.told() for one in begun)
    return found


def _tried(found: Replay, setting: Setting) -> Tried:
    named = zip(found.keys, setting, strict=True)
    values = {key.name: key.value(raw) for key, raw in named}
    one = Tried(len(found.tried), setting, values)
    found.tried.append(one)
    return one


def _round(found: Replay, alive: list[Tried], number: int, look: Look) -> bool:
    """Take the settings of a round from rung to rung; whether it is over."""
    stops = rungs(found.epochs, found.search.tune.stop_early == "halving")
    for rung, until in enumerate(stops):
        outcomes = [_looked(found, one, number, rung, until, look) for one in alive]
        if found.missing:
            return False
        for one, seeds in zip(alive, outcomes, strict=True):
            _note(one, until, [seed for seed in seeds if seed is not None])
            one.whole = until == found.epochs
        kept = going_on([None if one.why else one.seen[-1][1] for one in alive])
        alive = [alive[place] for place in kept]
    return True


def _looked(
    found: Replay, one: Tried, number: int, rung: int, until: int, look: Look
) -> list[Outcome | None]:
    outcomes: list[Outcome | None] = []
    stop = None if until == found.epochs else until
    values = {key: one.values[key.name] for key in found.keys}
    for seed in found.search.tune.seeds:
        try:
            trial = candidate(found.search, values, seed, stop)
        except ValidationError as error:
            outcomes.append(Outcome(None, why=sentence(error)))
            continue
        wanted = Wanted(trial, one.number, number, rung, until)
        outcomes.append(look(wanted))
        found.wanted.append(wanted)
        found.missing += [wanted] if outcomes[-1] is None else []
    return outcomes


def candidate(
    search: Search, values: dict[Key, Any], seed: int, stop_after: int | None
) -> Candidate:
    """The trial of a setting. It never looks at test images, so not after every epoch either.

    Raises:
        ValidationError: values that do not fit each other.
    """
    made = search.trial(values, Candidate, seed=seed, stop_after=stop_after)
    assert isinstance(made, Candidate), "that was asked for"
    training = made.training.model_copy(update={"test_every_epoch": False})
    return made.model_copy(update={"training": training})


def _note(one: Tried, until: int, outcomes: list[Outcome]) -> None:
    one.epochs = sum(outcome.epochs for outcome in outcomes)
    one.why = next((outcome.why for outcome in outcomes if outcome.accuracy is None), "")
    accuracies = [outcome.accuracy for outcome in outcomes if outcome.accuracy is not None]
    if not one.why:
        one.seen.append((until, fmean(accuracies)))
        one.loss = fmean(outcome.loss for outcome in outcomes)
