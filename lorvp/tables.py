"""Polars: from finished trials to comparison tables.

``results`` is tidy, one row for each trial; ``comparison`` is what a paper prints.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from lorvp.trials import Point

ROW = ["dataset", "network", "method", "training"]
"""What a row of the comparison stands for; mappings are its columns, seeds its spread."""


def results(records: Iterable[tuple[Point, dict]]) -> pl.DataFrame:
    """One row for each trial, in the order of the grid, from its point and its trial.json.

    Accuracies are shares in 0..1, seconds are training time, values are numbers of trained
    values. ``settings`` holds the trial's settings as JSON, for what no column tells.
    """
    rows = [
        {
            "trial": record["fingerprint"],
            "dataset": point.trial.dataset,
            "network": point.trial.network,
            "method": point.method,
            "mapping": point.mapping,
            "training": point.training,
            "seed": point.trial.seed,
            **record["summary"],
            "settings": point.trial.model_dump_json(),
        }
        for point, record in records
    ]
    return pl.DataFrame(rows, infer_schema_length=None)


def aggregate(table: pl.DataFrame) -> pl.DataFrame:
    """Mean and spread over seeds for each row of the comparison and each mapping.

    The spread is the standard deviation of a sample (n - 1); it is null for a single seed.
    """
    return table.group_by([*ROW, "mapping"], maintain_order=True).agg(
        pl.col("test_accuracy").mean().alias("mean"),
        pl.col("test_accuracy").std().alias("std"),
        pl.len().alias("seeds"),
        pl.col("val_accuracy").mean().alias("val_mean"),
        (pl.col("trained_values") - pl.col("mapping_values")).first().alias("prompt_values"),
        pl.col("mapping_values").first(),
        pl.col("seconds").mean(),
    )


def comparison(table: pl.DataFrame) -> pl.DataFrame:
    """Rows are methods, columns mappings, cells test accuracy in percent, mean ± std over seeds.

    Also the number of values the prompt trains and the mean training time of a trial. A mapping
    that trains values has their number in its column's name. Columns that say the same in
    every row are left out, and what the grid leaves out is null.
    """
    cells = aggregate(table).with_columns(_cell().alias("cell"), _column().alias("column"))
    wide = cells.pivot("column", index=ROW, values="cell", aggregate_function="first")
    costs = cells.group_by(ROW, maintain_order=True).agg(
        pl.col("prompt_values").max().alias("prompt values"),
        pl.col("seconds").mean().round(1).alias("seconds"),
    )
    joined = wide.join(costs, on=ROW, maintain_order="left")
    return _without_constants(joined)


def shifts(table: pl.DataFrame, shifted: pl.DataFrame) -> pl.DataFrame:
    """Test accuracy in percent on images from elsewhere, beside that on the trial's own dataset.

    ``shifted`` has a row for each trial and set: trial, shift (its name), accuracy. A row of the
    result is a method with a mapping, as mean ± std over seeds; columns are the sets.
    """
    own = table.select("trial", shift="dataset", accuracy="test_accuracy")
    tested = own.filter(pl.col("trial").is_in(shifted["trial"].implode()))
    every = pl.concat([tested, shifted.select("trial", "shift", "accuracy")])
    cells = (
        every.join(table.select("trial", *ROW, "mapping"), on="trial", maintain_order="left")
        .group_by(*ROW, "mapping", "shift", maintain_order=True)
        .agg(pl.col("accuracy").mean().alias("mean"), pl.col("accuracy").std().alias("std"))
        .with_columns(_cell().alias("cell"))
    )
    wide = cells.pivot("shift", index=[*ROW, "mapping"], values="cell")
    return _without_constants(wide)


def _without_constants(table: pl.DataFrame) -> pl.DataFrame:
    """Without the columns that say the same in every row."""
    return table.drop(name for name in ROW if name != "method" and table[name].n_unique() == 1)


def or_else(table: pl.DataFrame, sentence: str) -> str:
    """The table as Markdown; the sentence where there is none."""
    return markdown(table) if table.height else f"{sentence}\n"


def with_spread(mean: pl.Expr, std: pl.Expr) -> pl.Expr:
    """``65.5 ± 0.1`` from percents; without the spread where there is none."""
    percent = mean.round(1).map_elements("{:.1f}".format, pl.String)
    spread = std.round(1).map_elements("{:.1f}".format, pl.String)
    return pl.when(std.is_null()).then(percent).otherwise(percent + " ± " + spread)


def _cell() -> pl.Expr:
    return with_spread(100 * pl.col("mean"), 100 * pl.col("std"))


def _column() -> pl.Expr:
    """``lp (+970)``, where every cell of that mapping trains as many values; else ``lp``."""
    values = pl.col("mapping_values")
    alike = values.n_unique().over("mapping") == 1
    named = pl.format("{} (+{})", "mapping", values)
    return pl.when(alike & (values > 0)).then(named).otherwise(pl.col("mapping"))


def markdown(table: pl.DataFrame) -> str:
    """A table that GitHub and Prefect render; numbers to the right, "–" for what is null."""
    with pl.Config(
        tbl_formatting="MARKDOWN",
        tbl_hide_column_data_types=True,
        tbl_hide_dataframe_shape=True,
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_width_chars=10_000,
        fmt_str_lengths=200,
        thousands_separator=",",
    ):
        return str(table.with_columns(pl.col(pl.String).fill_null("–"))) + "\n"


def metrics(table: pl.DataFrame) -> dict[str, dict[str, float]]:
    """``{"lor_vp r=4": {"ilm": 92.1, …}, …}``: mean test accuracy in percent, for `dvc metrics`.

    The key names dataset, network and training too where there are several.
    """
    cells = aggregate(table)
    several = [name for name in ROW if name == "method" or cells[name].n_unique() > 1]
    found: dict[str, dict[str, float]] = {}
    for row in cells.iter_rows(named=True):
        key = " · ".join(str(row[name]) for name in several if row[name])
        found.setdefault(key, {})[row["mapping"]] = round(100 * row["mean"], 2)
    return found
