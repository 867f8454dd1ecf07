"""Expressions for cells: rounded numbers, a mean with its spread, and the place in a column."""

from __future__ import annotations

import polars as pl

DECIMALS = 1


def with_spread(mean: pl.Expr, std: pl.Expr) -> pl.Expr:
    """Text such as ``65.5 ± 0.1``, both in percent; only the mean where the spread is null."""
    percent, spread = decimal(mean), decimal(std)
    return pl.when(std.is_null()).then(percent).otherwise(percent + " ± " + spread)


def decimal(number: pl.Expr, places: int = DECIMALS) -> pl.Expr:
    """Text with ``places`` digits after the decimal point."""
    form = f"{{:.{places}f}}"
    return number.map_elements(lambda x: form.format(x).replace("nan", "NaN"), pl.String)


def rounded(number: pl.Expr, places: int = 0) -> pl.Expr:
    """A rounded number; without ``places`` an integer, and null for what is infinite or NaN."""
    near = number.round(places)
    return near if places else near.cast(pl.Int64, strict=False)


def place(mean: pl.Expr, among: list[str]) -> pl.Expr:
    """1 for the best and 2 for the second among the rows that agree in ``among``; else null.

    Means that are equal as they are shown share a place, so that no hidden digit decides. NaN has
    no place, and neither has a mean that is compared with no other.
    """
    shown = mean.fill_nan(None).round(DECIMALS)
    rank = shown.rank("dense", descending=True).over(among)
    several = shown.count().over(among) > 1
    return pl.when(several & (rank <= 2)).then(rank)
