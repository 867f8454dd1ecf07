"""What stands in a cell: a mean with its spread, and its place among its neighbours."""

from __future__ import annotations

import polars as pl

DECIMALS = 1


def with_spread(mean: pl.Expr, std: pl.Expr) -> pl.Expr:
    """``65.5 ± 0.1`` from percents; without the spread where there is none."""
    percent, spread = decimal(mean), decimal(std)
    return pl.when(std.is_null()).then(percent).otherwise(percent + " ± " + spread)


def decimal(number: pl.Expr, places: int = DECIMALS) -> pl.Expr:
    """With so many digits behind the point; what is no number is called NaN."""
    form = f"{{:.{places}f}}"
    return number.map_elements(lambda x: form.format(x).replace("nan", "NaN"), pl.String)


def rounded(number: pl.Expr, places: int = 0) -> pl.Expr:
    """A number still; a whole one without ``places``, and null where that would be infinite."""
    near = number.round(places)
    return near if places else near.cast(pl.Int64, strict=False)


def place(mean: pl.Expr, among: list[str]) -> pl.Expr:
    """1 for the best and 2 for the second among the rows that agree in ``among``; else null.

    Means that read the same share a place, so that no digit that is not shown decides. What is
    no number has no place, and nothing is the best of one.
    """
    shown = mean.fill_nan(None).round(DECIMALS)
    rank = shown.rank("dense", descending=True).over(among)
    several = shown.count().over(among) > 1
    return pl.when(several & (rank <= 2)).then(rank)
