"""What a reader should know before believing a table: what is missing, and how much there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from lorvp.tables.tidy import BEST_TEST_EPOCH, GROUP, PAIR

MOST = 8
"""Names in one sentence."""


def remarks(results: pl.DataFrame, left_out: Mapping[str, int]) -> list[str]:
    """Sentences about the tidy table; ``left_out`` counts files of each dataset that could not
    be read."""
    trials = len(results)
    every = f"All {trials:,} trials of the grid have a result; a table is made of no fewer."
    return [every, *_seeds(results), *_absent(results), *_numbers(results), *_files(left_out)]


def _seeds(results: pl.DataFrame) -> Iterator[str]:
    counts = results.group_by(GROUP, maintain_order=True).len()
    few, many = counts["len"].min(), counts["len"].max()
    if many == 1:
        yield "There is one seed, so nothing here tells how much a result varies from seed to seed."
    elif few != many:
        fewer = counts.filter(pl.col("len") < many)
        yield f"Fewer than {many} seeds: {_named(fewer)}."
    else:
        yield f"Each mean is over {many} seeds."


def _absent(results: pl.DataFrame) -> Iterator[str]:
    """Combinations of what a dataset and network have that the grid leaves out."""
    for pair, part in results.group_by(PAIR, maintain_order=True):
        there = part.select("method", "mapping").unique(maintain_order=True)
        every = (there.select(name).unique(maintain_order=True) for name in there.columns)
        methods, mappings = every
        absent = methods.join(mappings, how="cross").join(there, on=there.columns, how="anti")
        if absent.height:
            yield f"Not in the grid for {', '.join(map(str, pair))}: {_named(absent)}."


def _numbers(results: pl.DataFrame) -> Iterator[str]:
    """Accuracies that are no numbers would vanish from means without a word."""
    broken = results.filter(pl.any_horizontal(pl.col("val_accuracy", "test_accuracy").is_nan()))
    if broken.height:
        yield f"The accuracy is no number: {_named(broken)}."
    if results[BEST_TEST_EPOCH].null_count() == len(results):
        yield (
            "The accuracy at the best test epoch, which many papers print, was not asked for "
            "(training.test_every_epoch)."
        )


def _files(left_out: Mapping[str, int]) -> Iterator[str]:
    for name, files in left_out.items():
        if files:
            yield f"{name}: {files} files could not be read and were left out."


def _named(rows: pl.DataFrame) -> str:
    wanted = [name for name in ("method", "training", "mapping") if name in rows.columns]
    several = rows.select(wanted).unique(maintain_order=True).rows()
    names = [" ".join(filter(None, row)) for row in several]
    more = [f"and {len(names) - MOST} more"] * (len(names) > MOST)
    return "; ".join([*names[:MOST], *more])
