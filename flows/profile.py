"""How fast a trial of params.yaml trains, and why.

On a GPU as many of its kind are trained side by side as a run would train.

The first trial whose name holds WORDS, such as "lor_vp r=4 · lp"; datasets and checkpoints have
to be there (`dvc repro` makes them). Nothing is stored.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from lorvp.datasets import prepared
from lorvp.datasets.labelled_images import LabelledImages
from lorvp.errors import InputError
from lorvp.experiment.trial import Point, Trial
from lorvp.networks import checkpoint
from lorvp.networks.acceleration.account import in_a_line
from lorvp.networks.manifest import CheckpointManifest
from lorvp.performance import flops, profile
from lorvp.results import tables
from lorvp.training.determinism import make_repeatable
from lorvp.trials.company import company
from lorvp.trials.run import build
from tasks import settings
from tasks.machine.devices import devices, here
from tasks.machine.lanes import width
from tasks.machine.memory import keep_freed_memory
from tasks.machine.precision import require_fast
from tasks.orchestration.command_line import run
from tasks.paths import CHECKPOINTS, DATASETS
from tasks.settings import ComputeConfig, RunExperiment

QUIET = {"KINETO_LOG_LEVEL": "99"}
"""Else torch's profiler prints when it starts and stops, and warns of GPUs that are not there."""
IMAGES = 2048
"""At most so many images are trained on, and at most eight batches."""


def main(words: Annotated[list[str] | None, typer.Argument(metavar="WORDS")] = None) -> None:
    """Train some batches of one trial and print where the time went."""
    keep_freed_memory()  # as a worker does
    experiment = settings.read()
    point = chosen(experiment, " ".join(words or []))
    device = devices(here(experiment.params.compute))[0]
    make_repeatable()
    trial, data = point.trial, prepared.read(DATASETS / point.trial.dataset)
    folder = CHECKPOINTS / trial.network
    slow = require_fast(trial.training.precision, device, experiment.params.compute.slow_precision)
    network, manifest = checkpoint.load(folder).to(device), checkpoint.read_manifest(folder)
    number = lanes(trial, manifest, data.class_names, experiment.params.compute, device)
    model, *beside = (build(trial, network, data.class_names).to(device) for _ in range(number))
    if not model.parameter_groups():
        raise InputError(f"{point.name} trains nothing; name another trial")
    few = min(len(train := data.split("train")), IMAGES, 8 * trial.training.batch_size)
    images = LabelledImages(train.images_NHWC[:few], train.labels_N[:few]).to(device)
    found = profile.of_training([model, *beside], images, trial.training)
    _, sketch = checkpoint.sketch(manifest)
    reads = model.mapping.reads
    image = flops.per_image(trial.method, manifest, sketch, data.class_names, reads)
    side = profile.SLOW_SIDE if slow else profile.SIDE
    limit = profile.matmul_rate(trial.training.precision, device, side) / image.step
    print(f"{headline(point, number)}, {device}")
    print(f"network: {in_a_line(model.prompt.account(model.network))}")
    print(tables.markdown(found.operations))
    print(report(found, image, limit))


def lanes(
    trial: Trial,
    manifest: CheckpointManifest,
    class_names: Sequence[str],
    compute: ComputeConfig,
    device: str,
) -> int:
    """How many such trials a worker trains side by side on ``device``, where enough are left."""
    alone = company(trial, manifest.canvas, manifest.ends(class_names)) is None
    return 1 if alone else width(compute, trial, manifest, device)


def headline(point: Point, number: int) -> str:
    """What is profiled: a trial, or ``number`` of its kind side by side."""
    training = point.trial.training
    together = f", {number} side by side" if number > 1 else ""
    return f"{point.name}, {training.precision}, batch {training.batch_size}{together}"


def chosen(experiment: RunExperiment, words: str) -> Point:
    """The first trial whose name holds ``words``.

    Raises:
        InputError: there is none.
    """
    every = (*experiment.points, *(search.point for search in experiment.searches))
    found = [point for point in every if words in point.name]
    if not found:
        known = "\n  ".join(dict.fromkeys(point.name for point in every))
        raise InputError(f"no trial's name holds {words!r}; there are:\n  {known}")
    return found[0]


def report(found: profile.Profile, image: flops.PerImage, limit: float) -> str:
    """How fast the trial trains, and how fast this machine could train it."""
    share = found.images_per_core_second / limit
    peak = f"at most {found.peak_bytes / 1e9:,.3g} GB of the GPU\n" if found.peak_bytes else ""
    return (
        f"{peak}"
        f"{found.images_per_second:,.1f} images/s, "
        f"{found.images_per_core_second:,.1f} images per core-second: {share:.0%} of the limit\n"
        f"({image.step / 1e9:,.3g} GFLOP for an image; a plain product of matrices here would "
        f"allow {limit:,.1f} images per core-second)"
    )


if __name__ == "__main__":
    if not os.environ.keys() >= QUIET.keys():  # read when a process starts
        again = [sys.executable, "-m", "flows.profile", *sys.argv[1:]]
        os.execve(sys.executable, again, QUIET | os.environ)
    run(main, name="lorvp profile")
