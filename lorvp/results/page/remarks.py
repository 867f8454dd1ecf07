"""Remarks: sentences that a reader should know before believing a table, such as what is missing.

A remark is a function in ``REMARKS``, from the facts of an experiment to sentences, or none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from lorvp.results.tables.columns import BEST_TEST_EPOCH
from lorvp.results.tables.tidy import GROUP, PAIR
from lorvp.trials.versions import NO_DIFFERENCE

OF_ONE_MEAN = {"lanes": "number of lanes"}
"""What may differ from row to row, since a linear probe always runs alone, but not from seed to
seed; each with its name in a sentence."""
MOST = 8
"""The most names in one sentence."""


@dataclass(frozen=True)
class Facts:
    """The facts of an experiment from which remarks are made."""

    results: pl.DataFrame
    """The tidy table."""
    left_out: Mapping[str, int]
    """The number of files of each dataset that could not be read."""
    environments: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Libraries, processor and device of each trial of the tidy table, by its fingerprint."""
    known: Sequence[str] = ()
    """Sentences that do not come from the table: names of the same trials, notes on the data."""


Remark = Callable[[Facts], Iterator[str]]


def remarks(facts: Facts) -> list[str]:
    """The sentences of all remarks, in the order of ``REMARKS``."""
    return [sentence for remark in REMARKS for sentence in remark(facts)]


def _trials(facts: Facts) -> Iterator[str]:
    trials = len(facts.results)
    yield f"All {trials:,} trials of the grid have a result; a table is made of no fewer."


def _seeds(facts: Facts) -> Iterator[str]:
    counts = facts.results.group_by(GROUP, maintain_order=True).len()
    few, many = counts["len"].min(), counts["len"].max()
    if many == 1:
        yield "There is one seed, so nothing here tells how much a result varies from seed to seed."
    elif few != many:
        fewer = counts.filter(pl.col("len") < many)
        yield f"Fewer than {many} seeds: {_named(fewer)}."
    else:
        yield f"Each mean is over {many} seeds."


def _unshown_prompts(facts: Facts) -> Iterator[str]:
    """Trained prompts that changed no test image, such as one whose images chose no region."""
    trained = pl.col("trained_values") > pl.col("mapping_values")
    for row in _listed(facts.results.filter(trained & (pl.col("prompt_linf") == 0))):
        yield (
            f"{row}: the prompt changed no pixel of any test image; the result is that of the "
            "network without a prompt."
        )


def made_differently(facts: Facts) -> Iterator[str]:
    """Libraries, kinds of processor and devices that differ between trials, and numbers of lanes
    that differ between seeds."""
    names = sorted({name for found in facts.environments.values() for name in found})
    for name in names:
        if name not in NO_DIFFERENCE:
            yield from _differing(facts, name)


def _differing(facts: Facts, name: str) -> Iterator[str]:
    found = {trial: str(known.get(name, "unknown")) for trial, known in facts.environments.items()}
    kinds = facts.results.with_columns(pl.col("trial").replace_strict(found).alias("kind"))
    mixed = _mixed(kinds)
    if name in OF_ONE_MEAN:
        kinds = kinds.join(mixed, on=GROUP, how="semi", maintain_order="left")
    counts = Counter(kinds["kind"])
    if len(counts) < 2:
        return
    told = ", ".join(f"{number:,} with {value}" for value, number in sorted(counts.items()))
    same = f"the same {OF_ONE_MEAN.get(name, name)}"
    said = f"Not all trials were made with {same}: {told}; last bits and times may differ."
    yield f"{said} Seeds of one mean: {_named(mixed)}." if mixed.height else said


def _mixed(kinds: pl.DataFrame) -> pl.DataFrame:
    """The rows whose seeds are of several kinds."""
    rows = kinds.group_by(GROUP, maintain_order=True).agg(pl.col("kind").n_unique())
    return rows.filter(pl.col("kind") > 1)


def _absent(facts: Facts) -> Iterator[str]:
    """Combinations of a method and a mapping that the grid leaves out of a dataset and network."""
    for pair, part in facts.results.group_by(PAIR, maintain_order=True):
        there = part.select("method", "mapping").unique(maintain_order=True)
        every = (there.select(name).unique(maintain_order=True) for name in there.columns)
        methods, mappings = every
        absent = methods.join(mappings, how="cross").join(there, on=there.columns, how="anti")
        if absent.height:
            yield f"Not in the grid for {', '.join(map(str, pair))}: {_named(absent)}."


def _no_numbers(facts: Facts) -> Iterator[str]:
    """Accuracies that are NaN."""
    accuracies = pl.col("val_accuracy", "test_accuracy")
    broken = facts.results.filter(pl.any_horizontal(accuracies.is_nan()))
    if broken.height:
        yield f"The accuracy is no number: {_named(broken)}."


def _no_best_test_epoch(facts: Facts) -> Iterator[str]:
    if facts.results[BEST_TEST_EPOCH].null_count() == len(facts.results):
        yield (
            "The accuracy at the best test epoch, which many papers print, was not asked for "
            "(training.test_every_epoch)."
        )


def _files(facts: Facts) -> Iterator[str]:
    for name, files in facts.left_out.items():
        if files:
            yield f"{name}: {files} files could not be read and were left out."


def _known(facts: Facts) -> Iterator[str]:
    yield from facts.known


REMARKS: list[Remark] = [
    _trials,
    _seeds,
    _known,
    _unshown_prompts,
    made_differently,
    _absent,
    _no_numbers,
    _no_best_test_epoch,
    _files,
]


def _listed(rows: pl.DataFrame) -> Iterator[str]:
    """Text such as "pad p=6 with ilm on digits, net, seeds 0, 2" for each group of seeds."""
    for cell, part in rows.group_by(GROUP, maintain_order=True):
        dataset, network, method, training, mapping = map(str, cell)
        seeds = ", ".join(map(str, part["seed"]))
        name = " ".join(filter(None, (method, training)))
        number = f"seed{'s' * (len(part) > 1)} {seeds}"
        yield f"{name} with {mapping} on {dataset}, {network}, {number}"


def _named(rows: pl.DataFrame) -> str:
    wanted = [name for name in ("method", "training", "mapping") if name in rows.columns]
    several = rows.select(wanted).unique(maintain_order=True).rows()
    names = [" ".join(filter(None, row)) for row in several]
    more = [f"and {len(names) - MOST} more"] * (len(names) > MOST)
    return "; ".join([*names[:MOST], *more])
