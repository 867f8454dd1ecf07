"""Pictures of the trained prompts and mappings of one dataset and network, and of their answers."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from altair.typing import ChartType
from safetensors.torch import load_file

from lorvp.datasets import prepared
from lorvp.datasets.prepared import Prepared
from lorvp.networks import checkpoint
from lorvp.networks.manifest import CheckpointManifest
from lorvp.results import pictures
from lorvp.results.pictures import Example, arrays
from lorvp.trials.verified import read_record
from tasks.jobs import Job
from tasks.paths import PROMPTS

SAMPLES, OF = 4, 500
"""Images with their regions; images of which the shares are."""
EACH = 2
"""Examples of each kind."""

Picture = tuple[str, ChartType, str, str]
"""Name of the file, chart, title, and what is to be seen."""


def gallery(jobs: list[Job]) -> Iterator[Picture]:
    """What there is to show of these trials, all of one dataset and network."""
    data = prepared.read(jobs[0].dataset)
    manifest = checkpoint.read_manifest(jobs[0].checkpoint)
    best = _best_of_each_method(jobs)
    yield from _prompts(best, data, manifest)
    yield from _regions(best, data, manifest)
    yield from _mapping(jobs, data, manifest)
    yield from _confusion(jobs, data)
    yield from _examples(jobs, data, manifest)


def _prompts(best: list[Job], data: Prepared, manifest: CheckpointManifest) -> Iterator[Picture]:
    image = data.split("val").images_NHWC[0]
    rows = [
        arrays.prompt_view(_name(job), job.point.trial, _state(job), manifest, image)
        for job in best
    ]
    if rows:
        about = "A validation image, what each method adds to it, and their sum."
        yield "prompts", pictures.prompt_gallery(rows), "Learned prompts", about


def _regions(best: list[Job], data: Prepared, manifest: CheckpointManifest) -> Iterator[Picture]:
    images = data.split("val").images_NHWC[:OF]
    found = (
        arrays.region_view(_name(job), job.point.trial, _state(job), manifest, images, SAMPLES)
        for job in best
    )
    if rows := [view for view in found if view]:
        about = (
            "Validation images with the regions that they choose, and how often each region is "
            "chosen; grey regions are out of the prompt's reach."
        )
        yield "regions", pictures.chosen_regions(rows), "Chosen regions", about


def _mapping(jobs: list[Job], data: Prepared, manifest: CheckpointManifest) -> Iterator[Picture]:
    """Where a mapping gave each target class source classes of its own."""
    chosen = [(_name(job), _state(job)) for job in jobs]
    sources = manifest.ends(data.class_names).source_names
    counts = arrays.mapping_counts(chosen, data.class_names, list(sources))
    if len(counts):
        about = "The source class that most seeds chose for each target class."
        yield "mapping", pictures.mapping_heatmap(counts), "Label mapping", about


def _confusion(jobs: list[Job], data: Prepared) -> Iterator[Picture]:
    """Of the trial that validation likes best."""
    job, names = max(jobs, key=_liking), data.class_names
    numbers = pl.DataFrame({"class": range(len(names)), "name": names})
    counts = (
        _predictions(job)
        .group_by("label", "predicted")
        .len("images")
        .join(numbers.rename({"name": "true"}), left_on="label", right_on="class")
        .join(numbers.rename({"name": "predicted_name"}), left_on="predicted", right_on="class")
        .sort("label", "predicted")  # groups come in any order, and so would the picture's marks
        .select("true", pl.col("predicted_name").alias("predicted"), "images")
    )
    title = f"{_name(job)}, seed {job.point.trial.seed}"
    about = "True classes down, answers across, numbers of test images; of the best on validation."
    yield "confusion", pictures.confusion(counts, names, title), "Confusion matrix", about


def _examples(jobs: list[Job], data: Prepared, manifest: CheckpointManifest) -> Iterator[Picture]:
    """Of the best prompt, beside the same mapping and seed without one, where there is such."""
    plain = {_setting(job): job for job in jobs if not _prompt_values(job)}
    pairs = [(job, plain[_setting(job)]) for job in _prompted(jobs) if _setting(job) in plain]
    if not pairs:
        return
    job, without = max(pairs, key=lambda pair: _liking(pair[0]))
    after, before = _predictions(job), _predictions(without)
    label, was, now = (
        table[name].to_numpy()
        for table, name in ((after, "label"), (before, "predicted"), (after, "predicted"))
    )
    rows = pictures.telling(label, was, now, EACH)
    found = [_example(job, row, before, after, data, manifest) for row in rows]
    if found:
        title = f"{_name(job)}, seed {job.point.trial.seed}"
        about = (
            "Test images that the prompt mends, spoils and leaves wrong (the first two of each), "
            "as they are with the answer of the same mapping without a prompt, and prompted."
        )
        yield "examples", pictures.examples(found, title), "Examples before and after", about


def _setting(job: Job) -> tuple[str, int]:
    """In what two trials of one dataset and network have to agree but for the prompt."""
    return job.point.mapping, job.point.trial.seed


def _example(
    job: Job,
    row: int,
    before: pl.DataFrame,
    after: pl.DataFrame,
    data: Prepared,
    manifest: CheckpointManifest,
) -> Example:
    image = data.split("test").images_NHWC[row]
    view = arrays.prompt_view("", job.point.trial, _state(job), manifest, image)
    names = data.class_names
    return Example(
        true=names[after["label"][row]],
        image_HWC=view.image_HWC,
        prompted_HWC=view.prompted_HWC,
        before=names[before["predicted"][row]],
        after=names[after["predicted"][row]],
        confidence=after["confidence"][row],
    )


def _best_of_each_method(jobs: list[Job]) -> list[Job]:
    """The trial that validation likes best, for every method that adds anything."""
    methods: dict[str, list[Job]] = {}
    for job in _prompted(jobs):
        methods.setdefault(job.point.method, []).append(job)
    return [max(group, key=_liking) for group in methods.values()]


def _prompted(jobs: list[Job]) -> list[Job]:
    return [job for job in jobs if _summary(job)["content_values"]]


def _prompt_values(job: Job) -> int:
    """What is trained but for the mapping."""
    summary = _summary(job)
    return summary["trained_values"] - summary["mapping_values"]


def _liking(job: Job) -> float:
    return _summary(job)["val_accuracy"]


def _name(job: Job) -> str:
    return f"{job.point.method} · {job.point.mapping}"


def _summary(job: Job) -> dict:
    return read_record(PROMPTS / job.fingerprint)["summary"]


def _state(job: Job) -> dict:
    return load_file(PROMPTS / job.fingerprint / "weights.safetensors")


def _predictions(job: Job) -> pl.DataFrame:
    return pl.read_parquet(PROMPTS / job.fingerprint / "predictions.parquet")
