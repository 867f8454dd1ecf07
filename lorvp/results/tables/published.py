"""Numbers that papers print, compared with our own for the same settings.

``published.csv`` has a row for each number that a paper prints for a dataset, a network, a method
and a mapping; averages and claims are left out. Nothing in it was measured here.

    paper, where, read_from  the paper, its table, and where we read the number, since not every
                             paper was at hand
    dataset                  a `kind` of ours, or a word of our own for a dataset that we do not
                             have
    network                  the `source` in a checkpoint's manifest; both, separated by "|", where
                             two libraries have the same weights; the paper's words for weights that
                             neither library has
    method, mapping          settings in JSON that the number is known to depend on
    accuracy, std, seeds     in percent; the standard deviation over this number of runs
    shots                    training images of each class, where there are few
    note                     other facts and doubts; above all whether the test images chose the
                             epoch, which ours never do

A network, method or mapping that the paper does not say is empty, and equals none of ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from lorvp.experiment.trial import Trial
from lorvp.results.tables import display
from lorvp.results.tables.cells import with_spread
from lorvp.results.tables.columns import BEST_TEST_EPOCH
from lorvp.results.tables.differences import Ours, differences
from lorvp.results.tables.table import Section, Table
from lorvp.results.tables.tidy import GROUP, aggregate
from lorvp.settings import Settings

DIFFERS = "differs"
NO_NUMBERS = "No published number that is known here has these settings."
FILE = Path(__file__).with_name("published.csv")


def read() -> pl.DataFrame:
    """All of ``published.csv``, with null for what a paper does not say."""
    numbers = {"accuracy": pl.Float64, "std": pl.Float64, "seeds": pl.Int64, "shots": pl.Int64}
    return pl.read_csv(FILE, schema_overrides=numbers, infer_schema=False)


@dataclass(frozen=True)
class Networks:
    """What the manifests of the checkpoints say, by their names."""

    sources: Mapping[str, str]
    interpolations: Mapping[str, str] = field(default_factory=dict)
    """Empty where nobody needs to know how they resize images."""


def compare(
    results: pl.DataFrame,
    datasets: Mapping[str, Settings],
    networks: Networks,
    declared: Mapping[str, tuple[str, ...]] | None = None,
) -> pl.DataFrame:
    """A row for each pair of a mean of ours and a published number with the same settings.

    ``results`` is the tidy table, ``datasets`` has the settings of each dataset, and ``declared``
    the differences that the grid declares of trials, by fingerprint. "best test epoch" is our
    accuracy at the epoch that the test images would have chosen, as in most papers; only trials
    with ``test_every_epoch`` have it. "differs" lists what we do otherwise than the paper.
    """
    ours, published = cells(results), read()
    numbers = [_parsed(number) for number in published.to_dicts()]
    means = ours.to_dicts()
    own = [_settings_of(cell, datasets[cell["dataset"]], networks.sources) for cell in means]
    pairs = [
        (i, j) for i, a in enumerate(own) for j, b in enumerate(numbers) if same_settings(a, b)
    ]
    left = ours[[i for i, _ in pairs]].drop("settings", "trial")
    right = published[[j for _, j in pairs]].select(
        with_spread(pl.col("accuracy"), pl.col("std")).alias("published"), "paper", "where", "note"
    )
    differ = [
        differences(numbers[j]["paper"], _ours(means[i], datasets, networks, declared or {}))
        for i, j in pairs
    ]
    differs = pl.Series(DIFFERS, differ, pl.List(pl.String))
    return _without_empty(pl.concat([left, right], how="horizontal").with_columns(differs))


def section(found: pl.DataFrame) -> Section:
    """The comparison with its differences below it; in files of numbers each row has its own."""
    title, numbers = "Beside published numbers", _with_text(found)
    if not found.height:
        return Section("published", title, [], numbers, "", NO_NUMBERS)
    table, note = display.with_differences(found, DIFFERS)
    return Section("published", title, [Table(title, table)], numbers, note, NO_NUMBERS)


def _with_text(found: pl.DataFrame) -> pl.DataFrame:
    return found.with_columns(pl.col(DIFFERS).list.join("; "))


def cells(results: pl.DataFrame) -> pl.DataFrame:
    """Our own accuracies over seeds, with the settings and numbers of epochs of their trials."""
    best = pl.col(BEST_TEST_EPOCH).cast(pl.Float64)
    more = results.group_by(GROUP, maintain_order=True).agg(
        with_spread(100 * best.mean(), 100 * best.std()).alias("best test epoch"),
        pl.col("epochs").max(),
        pl.col("settings").first(),
        pl.col("trial").first(),
    )
    mean, std = 100 * pl.col("mean"), 100 * pl.col("std")
    ours = aggregate(results).select(*GROUP, with_spread(mean, std).alias("ours"), "seeds")
    joined = ours.join(more, on=GROUP, maintain_order="left")
    return joined.select(*GROUP, "ours", "best test epoch", "seeds", "epochs", "settings", "trial")


def same_settings(own: dict[str, Any], number: dict[str, Any]) -> bool:
    """Whether a published number has the settings of our trial. An unknown setting (None) matches
    nothing."""
    return (
        own["network"] in number["network"]
        and (own["dataset"], own["shots"]) == (number["dataset"], number["shots"])
        and _contains(own["method"], number["method"])
        and _contains(own["mapping"], number["mapping"])
    )


def _settings_of(
    cell: dict[str, Any], dataset: Settings, sources: Mapping[str, str]
) -> dict[str, Any]:
    """Our settings that are compared. No paper trains on a fraction of the images, so None then."""
    facts, trial = dataset.model_dump(), json.loads(cell["settings"])
    return {
        "dataset": facts["kind"] if facts.get("fraction") is None else None,
        "shots": facts.get("shots"),
        "network": sources[cell["network"]],
        "method": trial["method"],
        "mapping": trial["mapping"],
    }


def _ours(
    cell: dict[str, Any],
    datasets: Mapping[str, Settings],
    networks: Networks,
    declared: Mapping[str, tuple[str, ...]],
) -> Ours:
    """The facts of our trials that decide what differs from a paper; seeds agree in them."""
    return Ours(
        Trial.model_validate_json(cell["settings"]),
        datasets[cell["dataset"]],
        networks.interpolations.get(cell["network"]),
        declared.get(cell["trial"], ()),
    )


def _parsed(number: dict[str, Any]) -> dict[str, Any]:
    """A row of the file with its JSON parsed, and None for what the paper does not say."""
    read = {key: json.loads(number[key] or "null") for key in ("method", "mapping")}
    networks = number["network"].split("|") if number["network"] else []
    return number | read | {"network": networks}


def _contains(settings: Any, wanted: Any) -> bool:
    """Whether the settings have all keys of ``wanted``, with the same values."""
    if isinstance(wanted, dict) and isinstance(settings, dict):
        return all(key in settings and _contains(settings[key], wanted[key]) for key in wanted)
    return settings == wanted


def _without_empty(table: pl.DataFrame) -> pl.DataFrame:
    """The table without ``training`` and ``best test epoch`` where no row has any."""
    empty = {
        "training": (table["training"] == "").all(),
        "best test epoch": table["best test epoch"].is_null().all(),
    }
    return table.drop(name for name, nothing in empty.items() if nothing)
