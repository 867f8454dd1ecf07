"""What an experiment shows, in sentences; each says no more than paired tests support.

For each mapping: which method has the best mean, which others it is better than beyond chance, what
a prompt gains over none, and what it costs in trained values. ``Takeaway.support`` names the
tests, which are rows of numbers/tests.csv.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from lorvp.results.tables.tidy import PAIR

MOST = 3
"""The most names in one sentence."""
NOT_TUNED = (
    "No row was tuned: the settings are as written, so the order of methods may be that of how "
    "well their settings were chosen."
)


@dataclass(frozen=True)
class Takeaway:
    """A sentence or two, and the tests behind them."""

    text: str
    about: Mapping[str, str] = field(default_factory=dict)
    """Dataset, network and mapping; empty for a sentence on all."""
    support: tuple[tuple[str, str], ...] = ()
    """The pairs of methods (A, B) whose tests it rests on, in the order of the tests."""


@dataclass(frozen=True)
class Standing:
    """The best method of a mapping, and how the others stand to it."""

    best: str
    beaten: list[str]
    close: list[str]
    """Those that the tests do not tell from the best, the best mean first."""
    tests: Mapping[str, dict]
    """The test against each other method."""
    untested: int = 0
    """Others that have no seed in common with it."""


def takeaways(main: pl.DataFrame, cells: pl.DataFrame, tests: pl.DataFrame) -> list[Takeaway]:
    """The sentences, in the order of the tests.

    ``main`` are the trials of the comparison, ``cells`` the numbers of the details, ``tests`` the
    paired tests (lorvp/results/tables/paired.py).
    """
    several = cells.n_unique(PAIR) > 1
    said = []
    for part in tests.partition_by(*PAIR, "mapping", maintain_order=True):
        about = part.select(*PAIR, "mapping").row(0, named=True)
        own = cells.filter(**about).filter(pl.col("test").is_not_nan())
        if (standing := _standing(own, part)) is not None:
            bare = _bare(main.filter(**about))
            said.append(_of_mapping(standing, about, own, bare, several))
    tuned = main["tuned"].is_not_null() | (main["setting"] != "")
    return said if tuned.any() or not said else [*said, Takeaway(NOT_TUNED)]


def _standing(cells: pl.DataFrame, tests: pl.DataFrame) -> Standing | None:
    order = cells.sort("test", descending=True, maintain_order=True)["method"].to_list()
    if len(order) < 2:
        return None
    best = order[0]
    own = {
        (row["b"] if row["a"] == best else row["a"]): row
        for row in tests.to_dicts()
        if best in (row["a"], row["b"])
    }
    others = [name for name in order[1:] if name in own]
    beaten = [name for name in others if own[name]["better"] == best]
    close = [name for name in others if own[name]["better"] != best]
    untested = len(order) - 1 - len(others)
    return Standing(best, beaten, close, own, untested) if others else None


def _bare(main: pl.DataFrame) -> str | None:
    """The method that trains nothing but the mapping."""
    found = main.filter(pl.col("trained_values") == pl.col("mapping_values"))["method"]
    return found[0] if len(found) else None


def _of_mapping(
    standing: Standing, about: Mapping[str, str], cells: pl.DataFrame, bare: str | None,
    several: bool,
) -> Takeaway:  # fmt: skip
    means = dict(cells.select("method", "test").rows())
    values = dict(cells.select("method", "trained_values").rows())
    place = "".join(f"{about[name]}, " for name in PAIR) if several else ""
    parts = [
        f"{place}{about['mapping']}: {_ahead(standing, means)}",
        *_missing(standing),
        *_gain(standing, bare),
        _cost(standing, values),
    ]
    pairs = tuple((row["a"], row["b"]) for row in standing.tests.values())
    return Takeaway(" ".join(parts), dict(about), pairs)


def _ahead(standing: Standing, means: Mapping[str, float]) -> str:
    best, beaten, close = standing.best, standing.beaten, standing.close
    known = f"{best} has the best mean, {means[best]:.1f} %"
    others = len(beaten) + len(close)
    if not beaten:
        return f"{known}, and is better than none of {_number(others)} beyond chance."
    if close:
        told = _listed([f"{name} ({means[name]:.1f})" for name in close])
        return (
            f"{known}, and is better than {len(beaten)} of {_number(others)} beyond chance; not "
            f"told from it: {told}."
        )
    points, low, high = _points(standing, beaten[0])
    return (
        f"{best} is best, {means[best]:.1f} %: {points:.1f} points above the next, {beaten[0]} "
        f"(95 % interval {low:.1f} to {high:.1f}), and better than {_all(others)} beyond chance."
    )


def _missing(standing: Standing) -> Iterator[str]:
    if standing.untested:
        yield f"No test is between it and {standing.untested} more, which share no seed with it."


def _gain(standing: Standing, bare: str | None) -> Iterator[str]:
    """What it gains over no prompt, where that is no chance."""
    if bare in standing.beaten:
        points, low, high = _points(standing, bare)
        yield f"It gains {points:.1f} points over no prompt ({low:.1f} to {high:.1f})."


def _cost(standing: Standing, values: Mapping[str, float]) -> str:
    best = standing.best
    cheap = min([best, *standing.close], key=lambda name: values[name])
    said = f"It trains {values[best]:,.0f} values"
    if values[cheap] < values[best]:
        return f"{said}; of those not told from it {cheap} trains the fewest, {values[cheap]:,.0f}."
    return f"{said}."


def _points(standing: Standing, other: str) -> tuple[float, float, float]:
    """By how much the best is ahead of another, with the interval."""
    row = standing.tests[other]
    if row["a"] == standing.best:
        return row["difference"], row["low"], row["high"]
    return -row["difference"], -row["high"], -row["low"]


def _number(others: int) -> str:
    return "the one other" if others == 1 else f"the {others} others"


def _all(others: int) -> str:
    return "it" if others == 1 else f"all {others} others"


def _listed(names: Sequence[str]) -> str:
    more = [f"{len(names) - MOST} more"] * (len(names) > MOST)
    return ", ".join([*names[:MOST], *more])
