"""Whether rows of a table were trained alike; one that was not has the difference in its name.

A difference between two rows may be of their training and not of their methods. So for each dataset
and network the usual value of every training setting is found, and a row with another one is named
``lor_vp r=2 (epochs=3)``. Only what acts on a row counts: not the rate of a placement that is not
trained, nor any setting of a row that trains nothing.

A setting that was swept counts with all its values, of which validation chose one: the name has
``(lr=0.01/0.1)`` where most rows have another rate or were swept otherwise. What a search chose
does not count, since the row is named ``tuned=16``; a notice says that not all rows were tuned so.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

import polars as pl

from lorvp.results.tables.acting import (
    Facts,
    acting,
    name_of,
    said,
    with_sweeps,
)
from lorvp.results.tables.tidy import CELL, PAIR

CHOSEN = "Where there are several values, validation chose one of them for each mapping. "

Searched = Mapping[tuple[str, ...], Collection[str]]
"""The settings of training that searches chose, by dataset, network, method and mapping."""
NONE: Searched = MappingProxyType({})


def told_apart(table: pl.DataFrame, searched: Searched = NONE) -> pl.DataFrame:
    """The tidy table with the names of methods that tell what their training does otherwise.

    ``searched`` is of the rows that were tuned. The column ``otherwise`` has the words that were
    added to a name, empty where there are none.
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


def notices(table: pl.DataFrame, searched: Searched = NONE) -> list[str]:
    """A sentence for each dataset and network whose rows were not all trained alike, and one for
    each whose rows were not all tuned alike. ``table`` has the names without these differences."""
    other: dict[tuple, dict[str, None]] = {}
    for pair, facts, usual in _beside_the_usual(table, searched):
        found = other.setdefault(pair, {})
        found |= dict.fromkeys(
            said(name_of(key, facts[key][1]), usual[key]) for key in _others(facts, usual)
        )
    swept = set(table.filter(pl.col("training") != "").select(PAIR).rows())
    untold = [
        f"{', '.join(pair)}: not all rows were trained alike. Behind the name of a row stands in "
        f"brackets what it has otherwise than most, which have {' '.join(words)}. "
        f"{CHOSEN * (pair in swept)}A difference between such rows may be of the training and not "
        "of the method, and no line of a picture joins them."
        for pair, words in other.items()
        if words
    ]
    return [*untold, *_of_budgets(table)]


def _of_budgets(table: pl.DataFrame) -> Iterator[str]:
    for pair, part in table.group_by(PAIR, maintain_order=True):
        budgets = part["tuned"].unique().sort().to_list()
        if len(budgets) > 1:
            told = ", ".join("as written" if b is None else f"tuned={b}" for b in budgets)
            yield (
                f"{', '.join(map(str, pair))}: not all rows were tuned alike ({told}). For one "
                "with tuned=16 behind its name, 16 settings were tried on validation images (see "
                "Tuning). A difference between such rows may be of the tuning and not of the "
                "method, and no line of a picture joins them."
            )


def as_usual(table: pl.DataFrame) -> pl.Series:
    """Whether each trial was trained as most others of its dataset and network, in every setting
    that acts on it, also those that were swept or searched, and tuned with their budget. Lines of
    pictures join no others."""
    budgets = map(str, table["tuned"])
    every = [
        facts and facts | {"tuned": (budget, "")}
        for facts, budget in zip(acting(table), budgets, strict=True)
    ]
    usual = _usual(table, every)
    pairs = table.select(PAIR).rows()
    alike = [not _others(facts, usual[pair]) for facts, pair in zip(every, pairs, strict=True)]
    return pl.Series("as_usual", alike, pl.Boolean)


def _beside_the_usual(
    table: pl.DataFrame, searched: Searched
) -> Iterator[tuple[tuple, Facts, Mapping[str, str]]]:
    """Of each trial dataset and network, its settings that no search chose, and the usual ones."""
    cells = table.select(CELL).rows()
    every = [
        _without(searched.get(cell, ()), facts)
        for cell, facts in zip(cells, with_sweeps(table), strict=True)
    ]
    usual = _usual(table, every)
    for pair, facts in zip(table.select(PAIR).rows(), every, strict=True):
        yield pair, facts, usual[pair]


def _without(names: Collection[str], facts: Facts) -> Facts:
    return {k: fact for k, fact in facts.items() if {k, name_of(k, fact[1])}.isdisjoint(names)}


def _usual(table: pl.DataFrame, every: list[Facts]) -> dict[tuple, dict[str, str]]:
    """The most frequent value of each setting among the rows of each dataset and network; among
    equals the first."""
    cells = table.select(CELL).rows()
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
