"""What searches found: a row for each of them, and one for each setting that they tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from lorvp.experiment.searches import Search
from lorvp.files.whole import canonical
from lorvp.results.tables.cells import decimal
from lorvp.results.tables.table import Section, Table
from lorvp.results.tables.tidy import PAIR
from lorvp.tuning.replay import Replay, Tried

NOTE = (
    "Each row was tuned on validation images alone, with the stated budget of settings; its chosen "
    "setting was then trained with the grid's own seeds, and only these trials saw test images. "
    "ended: settings trained to the last epoch; the others were stopped early, or are of no use "
    "(they diverged, or cannot be built). Epochs of settings that went on after a stop are counted "
    "once; saved is against training all of them to the end."
)
NOTHING = "No row of this experiment was tuned (`tune:` in a block of the grid)."
SETTINGS = {
    "dataset": pl.String, "network": pl.String, "method": pl.String, "mapping": pl.String,
    "budget": pl.Int64, "setting": pl.Int64, "values": pl.String, "epochs": pl.Int64,
    "trained_epochs": pl.Int64, "val_accuracy": pl.Float64, "ended": pl.Boolean,
    "chosen": pl.Boolean, "why_not": pl.String,
}  # fmt: skip
"""``epochs`` is how far a setting came, ``trained_epochs`` what it took with all seeds of the
search; ``val_accuracy`` the best on the way, null if the setting is of no use."""


def section(found: Sequence[Replay]) -> Section:
    """The section ``tuning``."""
    tables = [Table("Tuned rows", rows(found))] if found else []
    return Section("tuning", "Tuning", tables, settings(found), NOTE if found else "", NOTHING)


def rows(found: Sequence[Replay]) -> pl.DataFrame:
    """A row for each search, as it is read."""
    table = pl.DataFrame([_row(one) for one in found], infer_schema_length=None)
    shown = table.with_columns(
        decimal(100 * pl.col("validation %")).alias("validation %"),
        decimal(100 * pl.col("saved %")).alias("saved %"),
    )
    return shown.drop(name for name in PAIR if table[name].n_unique() == 1)


def _names(search: Search) -> dict[str, Any]:
    """The row of the grid that is tuned, and its budget."""
    point = search.point
    return {
        "dataset": point.trial.dataset,
        "network": point.trial.network,
        "method": point.method,
        "mapping": point.mapping,
        "budget": search.tune.budget,
    }


def _row(one: Replay) -> dict[str, Any]:
    chosen = one.chosen
    saved = 1 - one.spent / one.whole if one.whole else 0.0
    return {
        **_names(one.search),
        "tried": len({canonical(tried.values) for tried in one.tried}),
        "ended": sum(tried.whole and not tried.why for tried in one.tried),
        "of no use": sum(bool(tried.why) for tried in one.tried),
        "chosen": words(chosen.values) if chosen else "as written: nothing to search",
        "validation %": chosen.seen[-1][1] if chosen else None,
        "epochs spent": one.spent,
        "saved %": saved,
    }


def words(values: Mapping[str, Any]) -> str:
    """Such as ``lr=0.05 rank=4``; settings of a choice stand in braces."""
    return " ".join(f"{name}={_word(value)}" for name, value in values.items())


def _word(value: Any) -> str:
    if isinstance(value, dict):
        rest = " ".join(f"{key}={inner}" for key, inner in value.items() if key != "kind")
        return f"{value.get('kind', '')}{{{rest}}}" if rest else str(value.get("kind", ""))
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings(found: Sequence[Replay]) -> pl.DataFrame:
    """A row for each setting that was tried, in order; see SETTINGS."""
    rows = [_tried(one, tried) for one in found for tried in one.tried]
    return pl.DataFrame(rows, schema=SETTINGS)


def _tried(one: Replay, tried: Tried) -> dict[str, Any]:
    useful = not tried.why and bool(tried.seen)
    return {
        **_names(one.search),
        "setting": tried.number + 1,
        "values": canonical(tried.values).decode(),
        "epochs": tried.seen[-1][0] if tried.seen else 0,
        "trained_epochs": tried.epochs,
        "val_accuracy": tried.seen[-1][1] if useful else None,
        "ended": tried.whole and not tried.why,
        "chosen": tried is one.chosen,
        "why_not": tried.why,
    }


def searched_training(found: Sequence[Replay]) -> dict[tuple[str, ...], set[str]]:
    """The settings of training that were searched, by dataset, network, method and mapping of the
    tuned row."""
    return {
        (trial.dataset, trial.network, one.search.row, one.search.point.mapping): {
            key.path[1] for key in one.keys if key.path[0] == "training"
        }
        for one in found
        for trial in [one.search.point.trial]
    }


def along_keys(found: Sequence[Replay]) -> pl.DataFrame:
    """A row for each searched key of each useful setting: method, mapping, key, value (as text),
    number (null for a choice), log, val_accuracy, ended."""
    schema = {
        "method": pl.String, "mapping": pl.String, "key": pl.String, "value": pl.String,
        "number": pl.Float64, "log": pl.Boolean, "val_accuracy": pl.Float64, "ended": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame([row for one in found for row in _along(one)], schema=schema)


def _along(one: Replay) -> Iterator[dict[str, Any]]:
    for tried in one.tried:
        for key in one.keys if tried.seen and not tried.why else ():
            value = tried.values[key.name]
            yield {
                "method": one.search.point.method,
                "mapping": one.search.point.mapping,
                "key": key.name,
                "value": _word(value),
                "number": None if key.choices else float(value),
                "log": key.log,
                "val_accuracy": tried.seen[-1][1],
                "ended": tried.whole,
            }
