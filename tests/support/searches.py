"""Searches on params.yaml texts, and made-up results for them."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

from lorvp.experiment import params
from lorvp.experiment.searches import Search
from lorvp.tuning.replay import Outcome, Wanted
from tests.support.experiments import block
from tests.support.experiments import params as text_of

RATE = "lr: {low: 0.001, high: 100, log: true}"
SPACE = f"{RATE}, rank: {{low: 1, high: 16, log: true}}, optimizer: [sgd, adam]"


def searches(tmp_path: Path, tune: str, **lines: str | None) -> params.Experiment:
    """The experiment of one block with ``tune``."""
    path = tmp_path / "params.yaml"
    path.write_text(text_of(block(tune=tune, **({"method": "lor_vp"} | lines))))
    return params.read(path)


def search(tmp_path: Path, budget: int, space: str = SPACE, more: str = "", **lines) -> Search:
    """A search of LoR-VP's settings."""
    found = searches(tmp_path, f"{{budget: {budget}, {space}{more}}}", **lines)
    (only,) = found.searches
    return only


def outcome(wanted: Wanted) -> Outcome:
    """Best at a rate of 0.1 and better with each epoch; a tenth of the settings diverges."""
    settings = wanted.trial.model_dump_json(exclude={"stop_after", "seed"})
    luck = hashlib.sha256(settings.encode()).digest()[0] / 256
    if luck < 0.1:
        return Outcome(None, epochs=1, why="diverged")
    off = math.log10(wanted.trial.training.lr) + 1
    accuracy = (1 - 0.5 / (wanted.until + 1)) / (1 + off**2) - 0.01 * luck
    return Outcome(max(0.0, accuracy), 1 - accuracy, wanted.until)
