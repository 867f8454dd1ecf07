"""The trials behind a row of the tables: what a cell of the page leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT = 240, 60
"""Of a curve, in pixels."""


@dataclass(frozen=True)
class OfSeed:
    """One trial: accuracies in percent, its name in the store, and how to predict with it."""

    seed: int
    validation: float
    test: float
    fingerprint: str
    command: str


@dataclass(frozen=True)
class Row:
    """The trials of a method with a mapping on a dataset and a network."""

    dataset: str
    network: str
    method: str
    mapping: str
    trials: Sequence[OfSeed]
    settings: str
    """Of all but the seed, as YAML."""
    curve: Sequence[float] = field(default_factory=list)
    """Validation accuracy in percent after each epoch, mean over seeds."""
    prompt: str = ""
    """A picture of the prompt of the best seed on validation, as a data URL."""

    @property
    def key(self) -> str:
        """As `lorvp.results.tables.table.key_of` names it."""
        return "\n".join((self.dataset, self.network, self.method, self.mapping))

    @property
    def points(self) -> str:
        """The curve as points of an SVG of WIDTH x HEIGHT, its lowest value at the bottom."""
        values = [value for value in self.curve if value == value]
        if len(values) < 2:
            return ""
        low, high = min(values), max(values)
        step, scale = WIDTH / (len(values) - 1), (HEIGHT - 4) / ((high - low) or 1)
        return " ".join(
            f"{step * at:.1f},{HEIGHT - 2 - scale * (value - low):.1f}"
            for at, value in enumerate(values)
        )
