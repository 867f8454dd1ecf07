"""Numbers that papers print, beside our own for the same settings.

``published.csv`` has a row for each number that stands in a paper for a dataset, a network, a
method and a mapping; averages and claims are left out. Nothing in it was measured here.

paper, where, read_from   whose number it is, and where it was read, as not every paper was at hand
dataset                   a `kind` of ours, or a word of our own for a set that we do not have
network                   what a checkpoint's manifest calls its source; where two libraries have
                          the same weights, both, between them "|"; the paper's words for weights
                          that neither has
method, mapping           settings in JSON: all that the number is known to depend on
accuracy, std, seeds      in percent; standard deviation over so many runs
shots                     training images of each class, where they are few
note                      what else is known, or not; above all where it was the test images that
                          chose the epoch, which ours never do

A network, a method or a mapping that is empty is one that nobody says, and agrees with nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from lorvp.results.tables.cells import with_spread
from lorvp.results.tables.columns import BEST_TEST_EPOCH
from lorvp.results.tables.tidy import GROUP, aggregate
from lorvp.settings import Settings

FILE = Path(__file__).with_name("published.csv")


def read() -> pl.DataFrame:
    """All of ``published.csv``; what a paper does not say is null."""
    numbers = {"accuracy": pl.Float64, "std": pl.Float64, "seeds": pl.Int64, "shots": pl.Int64}
    return pl.read_csv(FILE, schema_overrides=numbers, infer_schema=False)


def beside(
    results: pl.DataFrame, datasets: Mapping[str, Settings], sources: Mapping[str, str]
) -> pl.DataFrame:
    """A row for each pair of a cell of ours and a published number with the same settings.

    ``results`` is the tidy table. ``datasets`` holds the settings of each dataset, ``sources``
    what the manifest of each checkpoint says of its weights. "best test epoch" is our accuracy at
    the epoch that the test images would have chosen, as in most papers; it is there only where
    trials were asked for it, with ``test_every_epoch``.
    """
    ours, published = cells(results), read()
    numbers = [_known(number) for number in published.to_dicts()]
    own = [_own(cell, datasets[cell["dataset"]], sources) for cell in ours.to_dicts()]
    pairs = [(i, j) for i, a in enumerate(own) for j, b in enumerate(numbers) if agree(a, b)]
    left = ours[[i for i, _ in pairs]].drop("settings")
    right = published[[j for _, j in pairs]].select(
        with_spread(pl.col("accuracy"), pl.col("std")).alias("published"), "paper", "where", "note"
    )
    return _without_empty(pl.concat([left, right], how="horizontal"))


def cells(results: pl.DataFrame) -> pl.DataFrame:
    """Our own accuracies over seeds, with the settings and epochs that lie behind them."""
    best = pl.col(BEST_TEST_EPOCH).cast(pl.Float64)
    more = results.group_by(GROUP, maintain_order=True).agg(
        with_spread(100 * best.mean(), 100 * best.std()).alias("best test epoch"),
        pl.col("epochs").max(),
        pl.col("settings").first(),
    )
    mean, std = 100 * pl.col("mean"), 100 * pl.col("std")
    ours = aggregate(results).select(*GROUP, with_spread(mean, std).alias("ours"), "seeds")
    joined = ours.join(more, on=GROUP, maintain_order="left")
    return joined.select(*GROUP, "ours", "best test epoch", "seeds", "epochs", "settings")


def agree(own: dict[str, Any], number: dict[str, Any]) -> bool:
    """Whether a published number is for settings that a trial of ours has; what nobody says is
    None, which no trial has."""
    return (
        own["network"] in number["network"]
        and (own["dataset"], own["shots"]) == (number["dataset"], number["shots"])
        and _has(own["method"], number["method"])
        and _has(own["mapping"], number["mapping"])
    )


def _own(cell: dict[str, Any], dataset: Settings, sources: Mapping[str, str]) -> dict[str, Any]:
    """What of a cell of ours can agree; no paper trains on a fraction of the images."""
    facts, trial = dataset.model_dump(), json.loads(cell["settings"])
    return {
        "dataset": facts["kind"] if facts.get("fraction") is None else None,
        "shots": facts.get("shots"),
        "network": sources[cell["network"]],
        "method": trial["method"],
        "mapping": trial["mapping"],
    }


def _known(number: dict[str, Any]) -> dict[str, Any]:
    """A row of the file with its JSON read; None for what nobody says."""
    read = {key: json.loads(number[key] or "null") for key in ("method", "mapping")}
    networks = number["network"].split("|") if number["network"] else []
    return number | read | {"network": networks}


def _has(settings: Any, wanted: Any) -> bool:
    """``wanted`` is part of the settings, key by key."""
    if isinstance(wanted, dict) and isinstance(settings, dict):
        return all(key in settings and _has(settings[key], wanted[key]) for key in wanted)
    return settings == wanted


def _without_empty(table: pl.DataFrame) -> pl.DataFrame:
    """Without the columns that would only confuse where nothing was swept or asked for."""
    empty = {
        "training": (table["training"] == "").all(),
        "best test epoch": table["best test epoch"].is_null().all(),
    }
    return table.drop(name for name, nothing in empty.items() if nothing)
