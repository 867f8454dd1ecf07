"""An estimate in the units and words that people read."""

from __future__ import annotations

import math

import polars as pl

from lorvp.performance.estimate import STEP, Estimate

GPU = 100e12
"""FLOP/s that a GPU is taken to sustain where GPU hours are told: an assumption, not measured."""


def timed(table: pl.DataFrame, steps: pl.DataFrame, at_once: int) -> pl.DataFrame:
    """``table`` with the ``lanes`` and the ``speed`` of its ``steps`` (FLOP/s of all lanes
    together), and the ``hours`` that ``at_once`` steps at a time take; 0 where nothing is to be
    trained.

    Lanes for which no trial is left take their time all the same.
    """
    trials, lanes = pl.col("to train"), pl.col("lanes")
    filled_up = (trials / lanes).ceil() * lanes / trials
    hours = pl.col("flops") * filled_up / pl.col("speed") / at_once / 3600
    joined = table.join(steps, on=STEP, how="left", maintain_order="left")
    return joined.with_columns(hours=hours.fill_nan(0).fill_null(0))


def readable(timed: pl.DataFrame) -> pl.DataFrame:
    """The table in the units that people read."""
    return timed.select(
        "dataset",
        *STEP,
        "trials",
        "to train",
        "image passes",
        (pl.col("flops") / 1e15).round_sig_figs(3).alias("PFLOP"),
        (pl.col("speed") / 1e9).round_sig_figs(3).alias("GFLOP/s here"),
        pl.col("hours").map_elements(duration, return_dtype=pl.String).alias("time here"),
    )


def computing(table: pl.DataFrame) -> str:
    """FLOPs of all trials of ``table``, in words that hold on any machine."""
    flops = float(table["flops"].sum())
    hours = rounded(flops / GPU / 3600)
    return f"{rounded(flops / 1e15)} PFLOP, which is {hours} GPU hours at {GPU / 1e12:.0f} TFLOP/s"


def disk(estimate: Estimate, table: pl.DataFrame) -> str:
    """How much will lie in data/."""
    sizes = estimate.bytes_on_disk() | {"prompts": float(table["bytes"].sum())}
    return ", ".join(f"{name} {rounded(size / 1e9)} GB" for name, size in sizes.items())


UNITS = (("s", 1 / 3600), ("min", 1 / 60), ("hours", 1.0), ("days", 24.0), ("years", 24 * 365.25))
"""Each with its hours."""
FEW = 2
"""A unit is used from so many of it on."""


def duration(hours: float) -> str:
    """A time in the unit that suits it: 50 s, 36 min, 3.4 hours, 12 days, 160 years."""
    suited = [(name, size) for name, size in UNITS if hours >= FEW * size]
    name, size = suited[-1] if suited else UNITS[0]
    return f"{_two_digits(hours / size)} {name}"


def _two_digits(value: float) -> str:
    return f"{value:.1f}" if 0 < value < 9.95 else f"{float(f'{value:.2g}'):,.0f}"


def rounded(value: float) -> str:
    """Three digits that count: 22,600 or 0.0354."""
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{round(value, digits):,.{max(0, digits)}f}"
