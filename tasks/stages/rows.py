"""The trials behind each row of the tables, for the page: settings, curve, prompt, command."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO, StringIO
from statistics import fmean

import numpy as np
from PIL import Image
from ruamel.yaml import YAML

from lorvp.deployment.load import state_of
from lorvp.networks import checkpoint
from lorvp.results.page.rows import OfSeed, Row
from lorvp.results.pictures import arrays
from lorvp.results.pictures.tiles import centred
from lorvp.trials.stored_history import read_history
from lorvp.trials.verified import read_record
from tasks.jobs import Job
from tasks.paths import PROMPTS

MANY = 500
"""The most rows that the page has the trials of."""
DRAWN = 60
"""The most rows whose prompts are drawn there."""
SIDE, QUALITY = 96, 80
"""Pixels of such a picture, and its quality as a JPEG."""


def rows(jobs: Sequence[Job], shown: Iterable[str]) -> list[Row]:
    """The rows of the trials that the tables show (their fingerprints), in the grid's order."""
    wanted = set(shown)
    groups: dict[tuple[str, ...], list[Job]] = {}
    for job in jobs:
        if job.fingerprint in wanted:
            trial, point = job.point.trial, job.point
            key = trial.dataset, trial.network, point.method, point.mapping
            groups.setdefault(key, []).append(job)
    if len(groups) > MANY:
        return []
    return [_row(key, own, len(groups) <= DRAWN) for key, own in groups.items()]


def _row(key: tuple[str, ...], jobs: list[Job], drawn: bool) -> Row:
    summaries = {job.fingerprint: read_record(PROMPTS / job.fingerprint)["summary"] for job in jobs}
    best = max(jobs, key=lambda job: summaries[job.fingerprint]["val_accuracy"])
    adds = drawn and summaries[best.fingerprint]["content_values"] > 0
    dataset, network, method, mapping = key
    return Row(
        dataset=dataset,
        network=network,
        method=method,
        mapping=mapping,
        trials=[_of_seed(job, summaries[job.fingerprint]) for job in jobs],
        settings=_settings(best),
        curve=list(_curve(jobs)),
        prompt=_prompt(best) if adds else "",
    )


def _of_seed(job: Job, summary: dict) -> OfSeed:
    return OfSeed(
        seed=job.point.trial.seed,
        validation=100 * summary["val_accuracy"],
        test=100 * summary["test_accuracy"],
        fingerprint=job.fingerprint,
        command=f"lorvp predict {(PROMPTS / job.fingerprint).as_posix()} IMAGE",
    )


def _settings(job: Job) -> str:
    out = StringIO()
    kept = job.point.trial.model_dump(mode="json", exclude={"seed"})
    YAML(typ="safe", pure=True).dump(kept, out)
    return out.getvalue()


def _curve(jobs: list[Job]) -> Iterator[float]:
    """The mean over seeds of the validation accuracy, up to where the first seed stops."""
    histories = [read_history(PROMPTS / job.fingerprint) for job in jobs]
    for epochs in zip(*histories, strict=False):
        yield 100 * fmean(epoch["val_accuracy"] for epoch in epochs)


def _prompt(job: Job) -> str:
    """The prompt as it is on mid-grey."""
    manifest = checkpoint.read_manifest(job.checkpoint)
    view = arrays.on_grey("", job.point.trial, state_of(PROMPTS / job.fingerprint), manifest)
    pixels = (255 * centred(view.prompt_HWC).clip(0, 1)).round().astype(np.uint8)
    small = pixels.shape[0] <= SIDE
    picture = Image.fromarray(pixels).resize(
        (SIDE, SIDE), Image.Resampling.NEAREST if small else Image.Resampling.BOX
    )
    buffer = BytesIO()
    picture.save(buffer, format="JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
