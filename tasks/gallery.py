"""Pictures of the trained prompts and mappings of one dataset and network."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from safetensors.torch import load_file

from lorvp import pictures, views
from lorvp.datasets import prepared
from lorvp.networks import checkpoint
from lorvp.store import read_record
from tasks.places import PROMPTS
from tasks.plan import Job


def write_gallery(folder: Path, jobs: list[Job]) -> None:
    """prompts.png where there are prompts, and mapping.png where a mapping gave each target class
    one source class."""
    data = prepared.read(jobs[0].dataset)
    manifest = checkpoint.read_manifest(jobs[0].checkpoint)
    image = data.split("val").images_NHWC[0]
    rows = [
        views.prompt_view(_name(job), job.point.trial, _state(job), manifest, image)
        for job in _best_of_each_method(jobs)
    ]
    if rows:
        pictures.save(pictures.prompt_gallery(rows), folder / "prompts.png")
    chosen = [(_name(job), _state(job)) for job in jobs]
    sources = manifest.ends(data.class_names).source_names
    counts = views.mapping_counts(chosen, data.class_names, list(sources))
    if len(counts):
        pictures.save(pictures.mapping_heatmap(counts), folder / "mapping.png")


def _best_of_each_method(jobs: list[Job]) -> list[Job]:
    """The trial that validation likes best, for every method that adds anything."""
    prompted = [job for job in jobs if _summary(job)["content_values"]]
    groups = groupby(prompted, key=lambda job: (job.point.method, job.point.training))
    return [max(group, key=lambda job: _summary(job)["val_accuracy"]) for _, group in groups]


def _name(job: Job) -> str:
    return " · ".join(filter(None, [job.point.method, job.point.mapping, job.point.training]))


def _summary(job: Job) -> dict:
    return read_record(PROMPTS / job.fingerprint)["summary"]


def _state(job: Job) -> dict:
    return load_file(PROMPTS / job.fingerprint / "weights.safetensors")
