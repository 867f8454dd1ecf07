"""The settings of training that act on a trial: what two rows of a table may differ in.

The rate of a placement that is not trained acts on nothing, nor does any setting of a row that
trains nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import polars as pl

from lorvp.experiment.trial import Trial
from lorvp.recipe import TrainingConfig
from lorvp.results.tables.tidy import CELL
from lorvp.settings import Settings

NO_DIFFERENCE = frozenset({"test_every_epoch", "compile"})
"""Settings that change no accuracy that is compared, or its last bits alone."""
PLAIN = frozenset({"optimizer", "schedule", "precision"})
"""Settings whose values tell what they are of."""
SOME = 4
"""The most values of a sweep that a name lists; of more, it has the first and the last."""
LR = "lr"
RATES = {"lr_placement": "placement_values", "lr_mapping": "mapping_values"}
"""Rates of parts, each with the column that tells how many values the part trains."""

Fact = tuple[str, str]
"""The value of a setting as text, and the word that names it."""
Facts = dict[str, Fact]
"""Of each setting that acts on a trial."""


@lru_cache(maxsize=100_000)
def training_in(settings: str) -> TrainingConfig:
    """Read once: a table asks for each trial's several times."""
    return Trial.model_validate_json(settings).training


def acting(table: pl.DataFrame) -> list[Facts]:
    """Of each row of the tidy table."""
    return [dict(_acting(row)) for row in table.iter_rows(named=True)]


def with_sweeps(table: pl.DataFrame) -> list[Facts]:
    """The same, with all values of a setting that a sweep tried with a method and a mapping."""
    cells, every = table.select(*CELL, "training").rows(), acting(table)
    tried: dict[tuple, dict[str, None]] = {}
    for (*cell, swept), facts in zip(cells, every, strict=True):
        for key, (value, _) in facts.items() if swept else ():
            tried.setdefault((*cell, key), {})[value] = None
    return [
        {k: _fact(k, fact, list(tried[*cell, k])) for k, fact in facts.items()} if swept else facts
        for (*cell, swept), facts in zip(cells, every, strict=True)
    ]


def _fact(key: str, of_one: Fact, values: list[str]) -> Fact:
    if len(values) == 1:
        return of_one
    shown = values if len(values) <= SOME else [values[0], "…", values[-1]]
    return "/".join(values), said(name_of(key, of_one[1]), "/".join(shown))


def _acting(row: Mapping[str, Any]) -> Iterator[tuple[str, Fact]]:
    training = training_in(row["settings"])
    if not row["trained_values"]:
        return
    for key in type(training).model_fields:
        if key in RATES:
            if row[RATES[key]]:
                own = getattr(training, key)
                value = f"{own or training.lr:g}"
                yield key, (value, said(key if own else LR, value))
        elif key == LR:
            if row["trained_values"] > sum(row[values] for values in RATES.values()):
                value = f"{training.lr:g}"
                yield key, (value, said(LR, value))
        elif key not in NO_DIFFERENCE:
            value = _text(getattr(training, key))
            yield key, (value, said(key, value))


def said(name: str, value: str) -> str:
    """The word for a setting in a name or a sentence."""
    return value if name in PLAIN else f"{name}={value}"


def name_of(key: str, word: str) -> str:
    """The setting that a word names: ``lr`` for the rate of a part that has none of its own."""
    return LR if key in RATES and word.startswith(f"{LR}=") else key


def _text(value: Any) -> str:
    """Such as ``20``, ``sgd`` or ``multistep{gamma=0.5}``, with what is not as by default."""
    if not isinstance(value, Settings):
        return f"{value:g}" if isinstance(value, float) else str(value)
    own = value.model_dump(mode="json", exclude_defaults=True, exclude={"kind"})
    inner = " ".join(f"{key}={one}" for key, one in own.items())
    kind = str(getattr(value, "kind", "" if own else "default"))
    return f"{kind}{{{inner}}}" if own else kind
