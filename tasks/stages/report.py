"""data/tables/report.html: tables, pictures and the origins of the results on one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path

import polars as pl
from ruamel.yaml import YAML

from lorvp.datasets import prepared
from lorvp.datasets.folders import not_used
from lorvp.datasets.prepared import Prepared
from lorvp.files.whole import write_whole
from lorvp.networks import checkpoint
from lorvp.results.page import Picture, Summary, page
from lorvp.results.page.remarks import Facts, remarks
from lorvp.results.tables import Section, Table
from lorvp.trials.verified import read_record
from tasks.jobs import Job
from tasks.paths import CHECKPOINTS, DATASETS, PROMPTS
from tasks.settings import RunExperiment

MANY = 1000
"""The most trials that the page lists."""
REST = "results.csv has all of them."


def write_report(
    path: Path,
    experiment: RunExperiment,
    jobs: list[Job],
    sections: list[Section],
    pictures: list[Picture],
    sentences: list[str],
    summary: Summary,
) -> None:
    """Write the page, see lorvp/results/page; ``sentences`` are its remarks."""
    origins = [
        _environment(jobs),
        _datasets(_prepared(experiment)),
        _checkpoints(list(experiment.params.checkpoints)),
        _trials(jobs),
    ]
    params = settings_of(experiment)
    write_whole(path, page(sections, pictures, sentences, origins, params, summary))


def remarks_on(results: pl.DataFrame, experiment: RunExperiment, jobs: list[Job]) -> list[str]:
    """Remarks on the tables of this experiment, see lorvp/results/page/remarks.py."""
    data = _prepared(experiment)
    left_out = {name: len(own.left_out) for name, own in data.items()}
    environments = {job.fingerprint: _record(job)["environment"] for job in jobs}
    return remarks(Facts(results, left_out, environments, [*experiment.shared, *on_data(data)]))


def on_data(datasets: Mapping[str, Prepared]) -> Iterator[str]:
    """What was said when they were prepared, for those who only see the tables."""
    for name, data in datasets.items():
        rest = not_used.told(data.not_used)
        yield from (f"{name}: {said}." for said in [*data.notes, *([rest] if rest else [])])


def _prepared(experiment: RunExperiment) -> dict[str, Prepared]:
    return {name: prepared.read(DATASETS / name) for name in experiment.params.datasets}


def _environment(jobs: list[Job]) -> Section:
    """A table of the software and devices in the trials' records, with numbers of trials."""
    found = Counter(tuple(_record(job)["environment"].items()) for job in jobs)
    rows = pl.DataFrame([dict(facts) | {"trials": n} for facts, n in found.items()])
    return _section("environment", "Environment", rows)


def _datasets(datasets: dict[str, Prepared]) -> Section:
    rows = [
        {"dataset": name, "classes": len(data.class_names), **data.sizes, "SHA-256": data.digest}
        for name, data in datasets.items()
    ]
    return _section("datasets", "Datasets", pl.DataFrame(rows))


def _checkpoints(names: list[str]) -> Section:
    facts = {name: checkpoint.read_manifest(CHECKPOINTS / name) for name in names}
    rows = [
        {"checkpoint": name, "architecture": f.architecture, "source": f.source,
         "licence": f.licence, "SHA-256 of the weights": f.weights_sha256}
        for name, f in facts.items()
    ]  # fmt: skip
    return _section("checkpoints", "Frozen networks", pl.DataFrame(rows))


def _trials(jobs: list[Job]) -> Section:
    """A table of the trials with their fingerprints, which are also the names of their folders."""
    columns = {"trial": pl.String, "fingerprint": pl.String, "code": pl.String}
    rows = [(job.point.name, job.fingerprint, job.identity["code"]) for job in jobs[:MANY]]
    section = _section("trials", "Trials", pl.DataFrame(rows, schema=columns, orient="row"))
    return section if len(jobs) <= MANY else replace(section, note=f"The first {MANY:,}; {REST}")


def _section(name: str, title: str, rows: pl.DataFrame) -> Section:
    return Section(name, title, [Table(title, rows)], rows, "")


def _record(job: Job) -> dict:
    return read_record(PROMPTS / job.fingerprint)


def settings_of(experiment: RunExperiment) -> str:
    """params.yaml with every default, without the keys that cannot change a result."""
    out = StringIO()
    kept = experiment.params.model_dump(mode="json", include={"datasets", "checkpoints", "grid"})
    YAML(typ="safe", pure=True).dump(kept, out)
    return out.getvalue()
