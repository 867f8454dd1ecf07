"""Methods over several datasets: averages, mean ranks, and whether the ranks can be chance.

This follows Demšar, "Statistical Comparisons of Classifiers over Multiple Data Sets" (JMLR 2006):
Friedman's test over datasets and, where it rejects, Nemenyi's: two methods differ if their mean
ranks are a critical difference apart. The datasets are the blocks of the test, so that each network
has a test of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from lorvp.results.tables.tidy import LEVEL, aggregate

FEW, ROUGH, METHODS = 5, 10, 3
"""The fewest datasets that are tested; the most for which p, from a chi-square distribution, is
called rough; the fewest methods that Friedman's test compares."""


def averages(table: pl.DataFrame) -> pl.DataFrame:
    """Mean accuracy in percent and mean rank (1 is best) over the datasets of a network.

    For each mapping these are the methods that were tried on every dataset with this mapping.
    Equal accuracies share a rank. Networks with one dataset are left out.
    """
    keys = ["network", "mapping"]
    datasets = pl.col("dataset").n_unique()
    return (
        _ranked(table)
        .group_by(*keys, "method", maintain_order=True)
        .agg(
            datasets.alias("datasets"),
            (100 * pl.col("mean").mean()).alias("average"),
            pl.col("rank").mean().alias("mean rank"),
        )
        .filter(pl.col("datasets") > 1)
    )


def _ranked(table: pl.DataFrame) -> pl.DataFrame:
    """Means and ranks of the methods that were tried on every dataset of a network and mapping."""
    datasets = pl.col("dataset").n_unique()
    rank = pl.col("mean").fill_nan(-1.0).rank("average", descending=True)
    return (
        aggregate(table)
        .filter(
            datasets.over("network", "mapping", "method") == datasets.over("network", "mapping")
        )
        .with_columns(rank.over("network", "mapping", "dataset").alias("rank"))
    )


def friedman(table: pl.DataFrame) -> pl.DataFrame:
    """Friedman's test, a row for each network and mapping with several datasets.

    Columns: network, mapping, methods and datasets (their numbers), statistic, p, critical
    difference (of mean ranks), and ``says``, the outcome in words.
    """
    schema = {"network": pl.String, "mapping": pl.String, "methods": pl.Int64,
              "datasets": pl.Int64, "statistic": pl.Float64, "p": pl.Float64,
              "critical difference": pl.Float64, "says": pl.String}  # fmt: skip
    return pl.DataFrame(list(_tests(table)), schema=schema, orient="row")


def _tests(table: pl.DataFrame) -> Iterator[tuple]:
    groups = _ranked(table).partition_by("network", "mapping", as_dict=True, maintain_order=True)
    for key, group in groups.items():
        wide = group.pivot("dataset", index="method", values="mean").drop("method")
        methods, datasets = wide.shape
        if datasets > 1:
            yield (*key, methods, datasets, *_tested(wide.fill_nan(-1.0).to_numpy()))


def _tested(mean_MD: np.ndarray) -> tuple[float | None, float | None, float | None, str]:
    methods, datasets = mean_MD.shape
    if methods < METHODS:
        return None, None, None, f"not tested: ranks are tested for {METHODS} methods or more"
    if datasets < FEW:
        return None, None, None, f"not tested: {datasets} datasets are too few, {FEW} are needed"
    if (mean_MD == mean_MD[0]).all():
        return None, None, None, "not tested: all methods are equal on every dataset"
    from scipy.stats import friedmanchisquare  # takes half a second, and few grids need it

    statistic, p = friedmanchisquare(*mean_MD)
    rough = f"; p is rough with {ROUGH} datasets or fewer" if datasets <= ROUGH else ""
    differ = "the methods differ" if p < 1 - LEVEL else "no difference is shown"
    return float(statistic), float(p), critical_difference(methods, datasets), differ + rough


def critical_difference(methods: int, datasets: int) -> float:
    """Nemenyi's q sqrt(k (k + 1) / (6 N)) for k methods and N datasets.

    q is the quantile of the studentized range divided by sqrt 2.
    """
    from scipy.stats import studentized_range

    q = studentized_range.ppf(LEVEL, methods, np.inf) / 2**0.5
    return float(q * (methods * (methods + 1) / (6 * datasets)) ** 0.5)
