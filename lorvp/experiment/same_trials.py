"""Find trials, datasets and checkpoints that occur under two names with equal settings.

A trial is trained once and has one row in the tables, under its first name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lorvp.experiment.trial import Point
from lorvp.files.whole import canonical
from lorvp.settings import Settings

MOST = 8
"""Sentences that are shown; a grid can have as many as it has trials."""


def distinct(found: Sequence[Point]) -> tuple[tuple[Point, ...], list[str]]:
    """The points with different trials, and a sentence for each name that lost trials to an
    earlier one."""
    first: dict[bytes, Point] = {}
    sentences: dict[str, None] = {}
    for point in found:
        kept = first.setdefault(canonical(point.trial.model_dump(mode="json")), point)
        if kept.name != point.name:
            sentences[_same_trials(kept, point)] = None
    return tuple(first.values()), _few(list(sentences))


def _same_trials(kept: Point, point: Point) -> str:
    """The sentence on two points of one trial, which names only the parts in which they differ."""
    pairs = [(a, b) for a, b in zip(_names(kept), _names(point), strict=True) if a != b]
    if not all(name for pair in pairs for name in pair):  # one of the two has no name for this part
        pairs = list(zip(_names(kept), _names(point), strict=True))
    here, there = (" · ".join(filter(None, names)) for names in zip(*pairs, strict=True))
    return (
        f"{there} has the same settings as {here}, so they name the same trials; "
        f"the tables have them once, as {here}."
    )


def _names(point: Point) -> tuple[str, str, str]:
    return point.method, point.mapping, point.training


def equal_settings(kind: str, section: Mapping[str, Settings], used: set[str]) -> Iterator[str]:
    """A sentence for each two used keys of a section whose settings are equal."""
    first: dict[bytes, str] = {}
    for name in (name for name in section if name in used):
        kept = first.setdefault(canonical(section[name].model_dump(mode="json")), name)
        if kept != name:
            yield (
                f"The {kind} {kept} and {name} have the same settings, so their rows show the same "
                "trials."
            )


def _few(sentences: list[str]) -> list[str]:
    more = len(sentences) - MOST
    return sentences[:MOST] + [f"And {more:,} more names have the same settings."] * (more > 0)
