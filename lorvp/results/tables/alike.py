"""Whether rows of a table were trained alike; one that was not has the difference in its name.

A difference between two rows may be of their training and not of their methods. So for each dataset
and network the usual value of every training setting is found, and a row with another one is named
``lor_vp r=2 (epochs=3)``. Only what acts on a row counts: not the rate of a placement that is not
trained, nor any setting of a row that trains nothing.

What validation chose of a sweep or a search of the row's own is no such difference: it stands in
the details.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import polars as pl

from lorvp.experiment.trial import Trial
from lorvp.files.whole import canonical
from lorvp.recipe import TrainingConfig
from lorvp.results.tables.tidy import PAIR
from lorvp.settings import Settings

NO_DIFFERENCE = frozenset({"test_every_epoch", "compile"})
"""Settings that change no accuracy that is compared, or its last bits alone."""
PLAIN = frozenset({"optimizer", "schedule", "precision"})
"""Settings whose values tell what they are of."""
LR = "lr"
RATES = {"lr_placement": "placement_values", "lr_mapping": "mapping_values"}
"""Rates of parts, each with the column that tells how many values the part trains."""

Facts = dict[str, tuple[str, str]]
"""For each setting that acts on a trial, its value as text and the word that names it."""


def told_apart(table: pl.DataFrame, searched: Collection[str] = ()) -> pl.DataFrame:
    """The tidy table with the names of methods that tell what their training does otherwise.

    ``searched`` are the settings that searches chose for the rows that were tuned. The column
    ``otherwise`` has the words that were added to a name, empty where there are none.
    """
    words = [_words(facts, usual) for _, facts, usual in _beside_the_usual(table, searched)]
    added = pl.Series("otherwise", _of_rows(table, words), pl.String)
    named = pl.when(added != "").then(pl.format("{} ({})", "method", added))
    return table.with_columns(added).with_columns(method=named.otherwise(pl.col("method")))


def _of_rows(table: pl.DataFrame, words: Sequence[Sequence[str]]) -> Iterator[str]:
    """The words of each trial with those of the other mappings of its row, whose training is the
    same: a rate of mappings acts only where one is trained, and a row has one name."""
    rows = [
        (*row, json.dumps(json.loads(settings)["training"]))
        for *row, settings in table.select(*PAIR, "method", "settings").iter_rows()
    ]
    found: dict[tuple, dict[str, None]] = {}
    for row, own in zip(rows, words, strict=True):
        found.setdefault(row, {}).update(dict.fromkeys(own))
    return (" ".join(found[row]) for row in rows)


def notices(table: pl.DataFrame, searched: Collection[str] = ()) -> list[str]:
    """A sentence for each dataset and network whose rows were not all trained alike."""
    other: dict[tuple, dict[str, None]] = {}
    for pair, facts, usual in _beside_the_usual(table, searched):
        found = other.setdefault(pair, {})
        found |= dict.fromkeys(_word(key, usual[key], facts) for key in _others(facts, usual))
    return [
        f"{', '.join(pair)}: not all rows were trained alike. Behind the name of a row stands in "
        f"brackets what it has otherwise than most, which have {' '.join(words)}. A "
        "difference between such rows may be of the training and not of the method, and no line "
        "of a picture joins them."
        for pair, words in other.items()
        if words
    ]


def as_usual(table: pl.DataFrame) -> pl.Series:
    """Whether each trial was trained as most others of its dataset and network, in every setting
    that acts on it, also those that were swept or searched. Lines of pictures join no others."""
    every = [dict(_acting(_training(row["settings"]), row)) for row in table.iter_rows(named=True)]
    usual = _usual(table, every)
    pairs = table.select(PAIR).rows()
    alike = [not _others(facts, usual[pair]) for facts, pair in zip(every, pairs, strict=True)]
    return pl.Series("as_usual", alike, pl.Boolean)


def training_of(settings: str, without: str = "") -> str:
    """The training of a trial as text that is equal where two were trained alike; ``without`` is a
    setting that is left out of it."""
    kept = _training(settings).model_dump(mode="json", exclude={*NO_DIFFERENCE, without})
    return canonical(kept).decode()


def _beside_the_usual(
    table: pl.DataFrame, searched: Collection[str]
) -> Iterator[tuple[tuple, Facts, Mapping[str, str]]]:
    """Of each trial dataset and network, its settings, and the usual ones there."""
    every = [_facts(row, searched) for row in table.iter_rows(named=True)]
    usual = _usual(table, every)
    for pair, facts in zip(table.select(PAIR).rows(), every, strict=True):
        yield pair, facts, usual[pair]


def _facts(row: Mapping[str, Any], searched: Collection[str]) -> Facts:
    """The settings that act on this trial and were neither swept nor searched for it."""
    chosen = {word.partition("=")[0] for word in row["training"].split()}
    chosen |= set(searched) if row["tuned"] is not None else set()
    acting = _acting(_training(row["settings"]), row)
    return {key: fact for key, fact in acting if not chosen & {key, _name(key, fact[1])}}


@lru_cache(maxsize=100_000)
def _training(settings: str) -> TrainingConfig:
    """Read once: a table asks for each trial's several times."""
    return Trial.model_validate_json(settings).training


def _name(key: str, word: str) -> str:
    """The setting that a word names: ``lr`` for the rate of a part that has none of its own."""
    return LR if key in RATES and word.startswith(f"{LR}=") else key


def _word(key: str, usual: str, facts: Facts) -> str:
    """The usual value of a setting, by the name that it has in a row with another one."""
    return usual if key in PLAIN else f"{_name(key, facts[key][1])}={usual}"


def _acting(training: TrainingConfig, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if not row["trained_values"]:
        return
    for key in type(training).model_fields:
        if key in RATES:
            if row[RATES[key]]:
                own = getattr(training, key)
                value = f"{own or training.lr:g}"
                yield key, (value, f"{key if own else LR}={value}")
        elif key == LR:
            if row["trained_values"] > sum(row[values] for values in RATES.values()):
                yield key, (f"{training.lr:g}", f"{LR}={training.lr:g}")
        elif key not in NO_DIFFERENCE:
            value = _text(getattr(training, key))
            yield key, (value, value if key in PLAIN else f"{key}={value}")


def _text(value: Any) -> str:
    """Such as ``20``, ``sgd`` or ``multistep{gamma=0.5}``, with what is not as by default."""
    if not isinstance(value, Settings):
        return f"{value:g}" if isinstance(value, float) else str(value)
    own = value.model_dump(mode="json", exclude_defaults=True, exclude={"kind"})
    inner = " ".join(f"{key}={one}" for key, one in own.items())
    kind = str(getattr(value, "kind", "" if own else "default"))
    return f"{kind}{{{inner}}}" if own else kind


def _usual(table: pl.DataFrame, every: list[Facts]) -> dict[tuple, dict[str, str]]:
    """The most frequent value of each setting among the rows of each dataset and network; among
    equals the first."""
    cells = table.select(*PAIR, "method", "mapping", "training").rows()
    seen: dict[tuple, dict[str, Counter[str]]] = {}
    counted = set()
    for (dataset, network, *names), facts in zip(cells, every, strict=True):
        counts = seen.setdefault((dataset, network), {})
        for key, (value, _) in facts.items():
            row = (dataset, network, *names, key, value)
            counts.setdefault(key, Counter())[value] += row not in counted
            counted.add(row)
    return {
        pair: {key: values.most_common(1)[0][0] for key, values in counts.items()}
        for pair, counts in seen.items()
    }


def _others(facts: Facts, usual: Mapping[str, str]) -> list[str]:
    """The settings in which a row is not as usual."""
    return [key for key, (value, _) in facts.items() if value != usual[key]]


def _words(facts: Facts, usual: Mapping[str, str]) -> list[str]:
    return list(dict.fromkeys(facts[key][1] for key in _others(facts, usual)))
