"""Pictures of the trained prompts and mappings of one dataset and network, and of their answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl
from altair.typing import ChartType
from safetensors.torch import load_file

from lorvp.datasets import prepared
from lorvp.datasets.prepared import Prepared
from lorvp.networks import checkpoint
from lorvp.networks.manifest import CheckpointManifest
from lorvp.results import pictures
from lorvp.results.pictures import Example, PromptView, arrays, choice
from tasks.jobs import Job
from tasks.paths import PROMPTS

SAMPLES = 4
"""Images that are drawn with their regions."""
SHARES_OF = 500
"""Images over which it is counted how often each region is chosen."""
LETTERS = 16
"""Of a class name below a prompted image."""
EACH = 2
"""Examples of each kind: images that the prompt mends, spoils and leaves wrong."""

Picture = tuple[str, ChartType, str, str]
"""The file's name, the chart, its title, and a sentence on what it shows."""


def gallery(jobs: list[Job], results: pl.DataFrame) -> Iterator[Picture]:
    """The pictures of these trials, all of one dataset and network.

    ``results`` has their rows of the tidy table. A picture that they have nothing for is left out.
    Each picture is of one mapping: that of the trial which is best on validation, and of label
    mappings one for each that chooses source classes.
    """
    data = prepared.read(jobs[0].dataset)
    manifest = checkpoint.read_manifest(jobs[0].checkpoint)
    named = {job.fingerprint: job for job in jobs}
    shown = results.filter(mapping=choice.mapping_to_show(results))
    best = [named[trial] for trial in choice.best_of_each_method(shown)]
    means = dict(shown.group_by("method").agg(100 * pl.col("test_accuracy").mean()).rows())
    yield from _prompts(best, means, data, manifest)
    yield from _regions(best, data, manifest)
    for place, own in enumerate(_of_each_mapping(jobs)):
        name = own[0].point.mapping
        yield from _mapping(own, f"mapping-{name}" if place else "mapping", data, manifest)
    yield from _confusion(named[choice.best(results)], data)
    if (pair := choice.prompted_and_bare(results)) is not None:
        prompted, bare = (named[trial] for trial in pair)
        yield from _examples(prompted, bare, data, manifest)


def _prompts(
    best: list[Job], means: dict[str, float], data: Prepared, manifest: CheckpointManifest
) -> Iterator[Picture]:
    rows = [
        replace(
            _view(job, data, manifest), label=f"{job.point.method}|{means[job.point.method]:.1f} %"
        )
        for job in best
    ]
    if rows:
        about = (
            "A test image, what each method adds to it, their sum, and the network's answer to it. "
            "Below a method's name stands its accuracy on all test images, mean over seeds; the "
            "prompt is that of the seed which is best on validation images."
        )
        title = f"Learned prompts with {best[0].point.mapping}"
        yield "prompts", pictures.prompt_gallery(rows), title, about


def _view(job: Job, data: Prepared, manifest: CheckpointManifest) -> PromptView:
    """A trained prompt on the first test image, with the network's answer."""
    image, answers = data.split("test").images_NHWC[0], _predictions(job)
    view = arrays.prompt_view(_name(job), job.point.trial, _state(job), manifest, image)
    label, predicted = (answers[name][0] for name in ("label", "predicted"))
    told = f"{_short(data.class_names[predicted])}, {'right' if label == predicted else 'wrong'}"
    return replace(view, answer=told)


def _short(name: str) -> str:
    return name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"


def _regions(best: list[Job], data: Prepared, manifest: CheckpointManifest) -> Iterator[Picture]:
    images = data.split("val").images_NHWC[:SHARES_OF]
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


def _of_each_mapping(jobs: list[Job]) -> list[list[Job]]:
    found: dict[str, list[Job]] = {}
    for job in jobs:
        found.setdefault(job.point.mapping, []).append(job)
    return [own for own in found.values() if any(arrays.SOURCE in _state(job) for job in own)]


def _mapping(
    jobs: list[Job], file: str, data: Prepared, manifest: CheckpointManifest
) -> Iterator[Picture]:
    """The source classes that a mapping chose for each target class, where it chooses."""
    chosen = [(job.point.method, _state(job)) for job in jobs]
    sources = manifest.ends(data.class_names).source_names
    counts = arrays.mapping_counts(chosen, data.class_names, list(sources))
    if len(counts):
        about = "The source class that most seeds chose for each target class."
        name = jobs[0].point.mapping
        yield file, pictures.mapping_heatmap(counts), f"Label mapping {name}", about


def _confusion(job: Job, data: Prepared) -> Iterator[Picture]:
    counts = choice.confusion_counts(_predictions(job), data.class_names)
    chart = pictures.confusion(counts, data.class_names, _title(job))
    about = "True classes down, answers across, numbers of test images; of the best on validation."
    yield "confusion", chart, "Confusion matrix", about


def _examples(
    prompted: Job, bare: Job, data: Prepared, manifest: CheckpointManifest
) -> Iterator[Picture]:
    before, after = _predictions(bare), _predictions(prompted)
    rows = choice.telling_images(before, after, EACH)
    found = [_example(prompted, row, before, after, data, manifest) for row in rows]
    if found:
        about = (
            "Test images that the prompt mends, spoils and leaves wrong (the first two of each), "
            "as they are with the answer of the same mapping without a prompt, and prompted."
        )
        chart = pictures.examples(found, _title(prompted))
        yield "examples", chart, "Examples before and after", about


def _example(
    job: Job,
    row: int,
    before: pl.DataFrame,
    after: pl.DataFrame,
    data: Prepared,
    manifest: CheckpointManifest,
) -> Example:
    """The test image of this row, without and with the prompt, and the answer to each."""
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


def _name(job: Job) -> str:
    return f"{job.point.method} · {job.point.mapping}"


def _title(job: Job) -> str:
    return f"{_name(job)}, seed {job.point.trial.seed}"


def _state(job: Job) -> dict:
    return load_file(PROMPTS / job.fingerprint / "weights.safetensors")


def _predictions(job: Job) -> pl.DataFrame:
    return pl.read_parquet(PROMPTS / job.fingerprint / "predictions.parquet")
