"""Every table of an experiment, with the note below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from lorvp.results.tables import details, display, paired, ranks, trained_on
from lorvp.results.tables.columns import Tables, shown_in
from lorvp.results.tables.comparison import comparison, of_each_pair
from lorvp.results.tables.sweeps import chosen, sweeps
from lorvp.results.tables.table import Section, Table, key_of

TUNED = (
    "Places are among rows that were tuned with the same budget: tuned=16 are those for which 16 "
    "settings were tried on validation images with each mapping (see Tuning), the others have the "
    "settings written down."
)
COMPARISON = (
    "Test accuracy in %, mean ± standard deviation over seeds; the best of a column is bold, the "
    "second underlined. (+n) is the number of values that the mapping trains. The "
    "epoch, and the training setting where several were tried, were chosen on validation images. "
    "seconds are those that the training of a trial computed."
)
NOT_ALIKE = "Not all were trained alike; the details say on what each was."
TESTS = (
    "By how many points the row is ahead of the column; ▲ the row is better, ▼ worse, and no mark "
    "where it may be chance. Two methods with the same mapping on the same test images and seeds: "
    "an exact test over images (McNemar's where there is one seed), p corrected after Holm within "
    "each dataset and network. A method is called better where p (Holm) is below 0.05 and it is "
    "ahead in every seed. The test speaks of new images for these trained prompts, not of new "
    "seeds. Intervals and p of each pair are in numbers/tests.csv."
)
SWEEPS = (
    "Accuracy in %, mean ± standard deviation over seeds. chosen: the training setting with the "
    "best mean validation accuracy, which the comparison shows. best: what validation would "
    "choose of all settings of the method."
)
DETAILS = (
    "Mean over seeds. The 95 % interval is of the test accuracy over new seeds and new test images "
    "(over new images alone where there is one seed): Wilson's, for as many images as the spread "
    "over both is worth. ECE is the expected "
    "calibration error (15 bins)."
)
"""The beginning of the note; the declared columns continue it with their own sentences."""
RANKS = (
    "Of each mapping, the methods that were tried on every dataset that has it; the average is "
    "over datasets, equal accuracies share a rank. Friedman's test is over datasets; where it "
    "rejects, methods differ whose mean ranks are a critical difference (Nemenyi) apart."
)
CLASSES = "Accuracy in % on the test images of each class, mean over seeds."
ONE_DATASET = "No network has several datasets, over which methods could be ranked."
NO_TESTS = "No two methods share a dataset, a network, a mapping and a seed."
NO_SWEEP = "No method was tried in more than one setting."
MANY_CLASSES = f"No dataset has {display.MANY} classes or fewer; the files of numbers have all."


def sections(
    results: pl.DataFrame, statistics: pl.DataFrame, class_names: Mapping[str, Sequence[str]]
) -> list[Section]:
    """The sections in the order of the page.

    ``results`` is the tidy table, ``statistics`` has a row for each trial (see
    lorvp/results/tables/trial_statistics.py), ``class_names`` those of each dataset.
    """
    main = chosen(results)
    cells = details.cells(main, statistics)
    said = trained_on.sentence(cells)
    tuned = [TUNED] if main["tuned"].is_not_null().any() else []
    note = " ".join([COMPARISON, *tuned, said or NOT_ALIKE])
    return [
        Section("comparison", "Comparison", of_each_pair(main), comparison(main), note),
        _averages(main),
        _tests(main, statistics, cells),
        _sweeps(results),
        _details(cells, said),
        _classes(main, statistics, class_names),
    ]


def _averages(main: pl.DataFrame) -> Section:
    found, tested = ranks.averages(main), ranks.friedman(main)
    numbers = found.join(tested, on=["network", "mapping"], how="left", maintain_order="left")
    tables = [display.averages(found), display.friedman(tested)] if found.height else []
    return Section("averages", "Over datasets", tables, numbers, RANKS, ONE_DATASET)


def _tests(main: pl.DataFrame, statistics: pl.DataFrame, cells: pl.DataFrame) -> Section:
    found = paired.paired_tests(main, statistics)
    tables = display.tests(found, cells)
    return Section("tests", "Differences beyond chance", tables, found, TESTS, NO_TESTS)


def _sweeps(results: pl.DataFrame) -> Section:
    found = sweeps(results.filter(pl.col("tuned").is_null()))
    tables = _unless_empty("Settings that were tried", found)
    return Section("sweeps", "Sweeps", tables, found, SWEEPS, NO_SWEEP)


def _details(found: pl.DataFrame, trained: str | None) -> Section:
    links = found.select(method=key_of()) if found.height else pl.DataFrame()
    shown = Table("Methods and mappings", display.cells(found), links=links)
    tables = [shown] if found.height else []
    more = [trained, *(column.note for column in shown_in(Tables.DETAILS))]
    notes = filter(None, more)
    return Section("details", "Details", tables, found, " ".join([DETAILS, *notes]))


def _classes(
    main: pl.DataFrame, statistics: pl.DataFrame, names: Mapping[str, Sequence[str]]
) -> Section:
    found = details.classes(main, statistics, names)
    shown = display.classes(found)
    return Section("classes", "Accuracy by class", shown, found, CLASSES, MANY_CLASSES)


def _unless_empty(title: str, table: pl.DataFrame) -> list[Table]:
    """The table in a list, which is empty where the table has no row."""
    return [Table(title, table)] if table.height else []
