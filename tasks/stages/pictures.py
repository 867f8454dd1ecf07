"""Draw a finished comparison: pictures as PNG for pages and as SVG for papers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from altair.typing import ChartType

from lorvp.results import pictures
from lorvp.results.page import Picture
from lorvp.results.pictures.curves import MANY
from lorvp.text.names import file_names
from lorvp.trials.stored_history import read_history
from lorvp.tuning.replay import Replay
from tasks.jobs import Job
from tasks.paths import PROMPTS
from tasks.stages.prompt_pictures import gallery
from tasks.stages.tuning_pictures import searched

KINDS = (("pictures", "png"), ("svg", "svg"))
"""Folder and suffix of each kind of file; a picture has the same name in both folders."""


OF_NUMBERS = frozenset({
    "accuracy", "values", "settings", "curves", "time", "confusion", "tuning", "tuned_keys",
    "importance",
})  # fmt: skip
"""The pictures that are charts on the page; the others show images."""


@dataclass(frozen=True)
class Drawn:
    """A chart, its path in the folder without the suffix, its title and its description."""

    file: str
    chart: ChartType
    title: str
    about: str
    of: Mapping[str, str] = field(default_factory=dict)
    """The one dataset and network that it is about."""


def write_pictures(
    folder: Path,
    results: pl.DataFrame,
    main: pl.DataFrame,
    jobs: list[Job],
    searches: Sequence[Replay] = (),
) -> list[Picture]:
    """Fill pictures/ and svg/: pictures of all results, and a folder for each dataset and network.

    ``results`` is the tidy table of all trials, of which ``main`` has those that the comparison
    shows; ``jobs`` are all trials, ``searches`` how settings of some were found.
    """
    # Compressing a PNG releases Python's lock, so the next chart is drawn meanwhile.
    with ThreadPoolExecutor() as pool:
        saved = [_saved(folder, drawn, pool) for drawn in _every(results, main, jobs, searches)]
        for _, written in saved:
            written.result()
    return [picture for picture, _ in saved]


def _saved(folder: Path, drawn: Drawn, pool: Executor) -> tuple[Picture, Future[None]]:
    """Draw a chart: its picture, and the PNG that is still being written."""
    png, svg = (folder / kind / f"{drawn.file}.{suffix}" for kind, suffix in KINDS)
    for path in (png, svg):
        path.parent.mkdir(parents=True, exist_ok=True)
    written = pool.submit(pictures.write_png, pictures.as_png(drawn.chart), png)
    pictures.save(drawn.chart, svg)
    numbers = drawn.file.rpartition("/")[2] in OF_NUMBERS
    chart = pictures.specification(drawn.chart) if numbers else None
    return Picture(png, drawn.title, drawn.about, chart, drawn.of), written


def _every(
    results: pl.DataFrame, main: pl.DataFrame, jobs: list[Job], searches: Sequence[Replay]
) -> Iterator[Drawn]:
    yield from _of_all(main)
    shown = set(main["trial"])
    pairs: dict[tuple[str, str], list[Job]] = {}
    for job in jobs:
        if job.fingerprint in shown:
            pairs.setdefault((job.point.trial.dataset, job.point.trial.network), []).append(job)
    folders = file_names({pair: "-".join(pair) for pair in pairs})
    for (dataset, network), group in pairs.items():
        where, folder = f"{dataset}, {network}", folders[dataset, network]
        own, chosen = (table.filter(dataset=dataset, network=network) for table in (results, main))
        sought = [one for one in searches if _pair(one) == (dataset, network)]
        tuned = searched(sought)
        drawn = [
            *tuned,
            *_settings(own.filter(pl.col("tuned").is_null())),
            *_curves(group),
            *gallery(group, chosen),
        ]
        files = file_names({name: name for name, *_ in drawn})
        for name, chart, title, about in drawn:
            of = {"dataset": dataset, "network": network}
            yield Drawn(f"{folder}/{files[name]}", chart, f"{title}: {where}", about, of)


def _pair(one: Replay) -> tuple[str, str]:
    return one.search.point.trial.dataset, one.search.point.trial.network


def _of_all(main: pl.DataFrame) -> Iterator[Drawn]:
    yield Drawn(
        "accuracy",
        pictures.accuracy_by_method(main),
        "Test accuracy by method",
        "Points are means, lines one standard deviation over seeds, faint dots single seeds. Each "
        "panel has an axis of its own; a method far below the others stands at its edge (◂). The "
        "numbers are in the comparison.",
    )
    yield Drawn(
        "values",
        pictures.accuracy_by_values(main),
        "Test accuracy by trained values",
        "A panel for each mapping; the dashed line is the Pareto front: of the methods that were "
        "trained alike, those that none beats with as few values. The numbers are in the details.",
    )


def _settings(results: pl.DataFrame) -> Iterator[tuple[str, ChartType, str, str]]:
    swept = pictures.swept(results)
    if swept.height:
        about = (
            "What was tried in several values; where several settings were swept at once, the "
            "others are those that validation likes best. Lines join points that differ in this "
            "setting alone. The numbers are in the sweeps."
        )
        chart = pictures.accuracy_by_setting(swept)
        yield "settings", chart, "Test accuracy by setting", about


def _curves(jobs: list[Job]) -> Iterator[tuple[str, ChartType, str, str]]:
    history = histories(jobs)
    about = (
        "Mean over seeds of the accuracy on validation images, a line for each method, in a band "
        f"of one standard deviation. Of more than {MANY} methods the best are coloured."
    )
    yield "curves", pictures.learning_curves(history), "Learning curves", about
    about = (
        "The same curves against the seconds that training computed on this machine, passes "
        "included. The clock's are in the details."
    )
    yield "time", pictures.time_to_accuracy(history), "Time to accuracy", about


def histories(jobs: list[Job]) -> pl.DataFrame:
    """One row for each epoch of each trial."""
    found = ((job.point, read_history(PROMPTS / job.fingerprint)) for job in jobs)
    return pl.concat([pictures.history_rows(point, rows) for point, rows in found])
