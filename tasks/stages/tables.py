"""Write data/tables from the trials that params.yaml asks for, never from what lies around."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from lorvp.datasets import prepared
from lorvp.files.listed import publish
from lorvp.files.whole import to_json, whole_folder
from lorvp.networks import checkpoint
from lorvp.results import tables
from lorvp.results.page import Summary
from lorvp.results.page.charts import library
from lorvp.results.tables import Section, Table, published, tuning
from lorvp.results.tables.alike import notices, told_apart
from lorvp.results.tables.sections import sections
from lorvp.results.tables.takeaways import Takeaway, takeaways
from lorvp.text.names import file_names
from lorvp.trials.verified import read_record
from tasks.jobs import Job, require_results
from tasks.paths import CHECKPOINTS, DATASETS, PROMPTS, TABLES, WORK
from tasks.searches.plan import ended, final_jobs
from tasks.settings import RunExperiment
from tasks.stages.pictures import write_pictures
from tasks.stages.report import remarks_on, write_report
from tasks.stages.rows import rows
from tasks.stages.shifts import shift_accuracies
from tasks.stages.trial_statistics import statistics_of
from tasks.tracking.tracker import track_tables

NO_SHIFTS = "No dataset of this experiment has only test images, such as imagenet_r has."


def write_tables(experiment: RunExperiment) -> None:
    """Write all files of data/tables, which data/README.md lists; other files in it stay.

    Raises:
        InputError: a trial of the grid has no result for these settings, data, weights and code.
    """
    found = ended(experiment)
    searches, jobs = [one.replay for one in found], final_jobs(experiment, found)
    require_results(jobs)
    read, searched = read_results(jobs), tuning.searched_training(searches)
    results = told_apart(read, searched)
    jobs = [renamed(job, name) for job, name in zip(jobs, results["method"], strict=True)]
    main = tables.chosen(results)
    comparison, *others = sections(results, statistics_of(results["trial"]), class_names(jobs))
    every = [
        comparison,
        tuning.section(searches),
        *others,
        beside_published(results, experiment, jobs),
        on_shifts(main, experiment, jobs),
    ]
    warnings = notices(read, searched)
    sentences = [*warnings, *remarks_on(results, experiment, jobs)]
    made = WORK / "tables"
    with whole_folder(made) as folder:
        write_results(folder, results)
        write_sections(folder, every)
        drawn = write_pictures(folder, results, main, jobs, searches)
        write_remarks(folder / "details.md", sentences)
        summary = Summary(warnings, in_short(main, every), rows(jobs, main["trial"]))
        write_report(folder / "report.html", experiment, jobs, every, drawn, sentences, summary)
        (folder / "vega.js").write_text(library())  # for .dvc/plots.html
    publish(made, TABLES)
    shutil.rmtree(made)
    track_tables(experiment.params.tracking, TABLES, results, every)
    print("\n".join([tables.markdown(tables.comparison(main)), *sentences]))


def in_short(main: pl.DataFrame, every: Sequence[Section]) -> list[Takeaway]:
    """What the tests and the details say, in sentences."""
    numbers = {section.name: section.numbers for section in every}
    return takeaways(main, numbers["details"], numbers["tests"])


def renamed(job: Job, method: str) -> Job:
    """The job under the name that its method has in the tables."""
    return replace(job, point=replace(job.point, method=method))


def read_results(jobs: list[Job]) -> pl.DataFrame:
    """The tidy table of all trials."""
    names = {job.point.trial.dataset for job in jobs}
    images = {name: prepared.read(DATASETS / name).sizes["train"] for name in names}
    records = ((job.point, read_record(PROMPTS / job.fingerprint)) for job in jobs)
    return tables.results(records, images)


def class_names(jobs: list[Job]) -> dict[str, list[str]]:
    """The class names of each dataset that prompts were trained on."""
    names = dict.fromkeys(job.point.trial.dataset for job in jobs)
    return {name: prepared.read(DATASETS / name).class_names for name in names}


def beside_published(results: pl.DataFrame, experiment: RunExperiment, jobs: list[Job]) -> Section:
    """Our accuracies and those that papers print for the same settings."""
    names = experiment.params.checkpoints
    manifests = {name: checkpoint.read_manifest(CHECKPOINTS / name) for name in names}
    networks = published.Networks(
        {name: manifest.source for name, manifest in manifests.items()},
        {name: manifest.interpolation for name, manifest in manifests.items()},
    )
    declared = {job.fingerprint: job.point.differs for job in jobs}
    datasets = experiment.params.datasets
    return published.section(published.compare(results, datasets, networks, declared))


def on_shifts(main: pl.DataFrame, experiment: RunExperiment, jobs: list[Job]) -> Section:
    """Accuracies on datasets that have only test images, of prompts of other datasets."""
    found = tables.shifts(main, shift_accuracies(experiment, jobs))
    return _section("shifts", "On images from elsewhere", found, NO_SHIFTS)


def _section(name: str, title: str, found: pl.DataFrame, otherwise: str) -> Section:
    shown = [Table(title, found)] if found.height else []
    return Section(name, title, shown, found, "", otherwise)


def write_results(folder: Path, results: pl.DataFrame) -> None:
    """Write the tidy table, and for DVC a file of metrics for each row of the comparison."""
    results.write_parquet(folder / "results.parquet")
    tables.write_csv(results, folder / "results.csv")
    (folder / "metrics").mkdir()
    metrics = tables.metrics(results)
    for row, name in file_names({row: row for row in metrics}).items():
        (folder / "metrics" / f"{name}.json").write_text(to_json(metrics[row]))


def write_sections(folder: Path, every: list[Section]) -> None:
    """Write each section as Markdown, and into numbers/ as CSV, Parquet and LaTeX."""
    numbers = folder / "numbers"
    numbers.mkdir()
    for section in every:
        (folder / f"{section.name}.md").write_text(tables.section_markdown(section))
        (numbers / f"{section.name}.tex").write_text("\n".join(map(tables.latex, section.tables)))
        tables.write_csv(section.numbers, numbers / f"{section.name}.csv")
        section.numbers.write_parquet(numbers / f"{section.name}.parquet")


def write_remarks(path: Path, sentences: list[str]) -> None:
    """Append the remarks to the Markdown of a section."""
    lines = [f"- {tables.in_markdown(sentence)}\n" for sentence in sentences]
    with path.open("a") as file:
        file.write("".join(["\n", *lines]))
