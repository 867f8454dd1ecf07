"""The work of a case, which can be done again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle
from pathlib import Path

import torch

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.experiment.trial import Trial
from lorvp.networks.acceleration.precision import BACKENDS, computing_in
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries.timm_models import create
from lorvp.training.lanes import Lanes
from lorvp.training.trainer import Training
from lorvp.trials.run import build
from tasks import settings
from tests.benchmarks import training
from tests.benchmarks.gpu.case import Case
from tests.benchmarks.gpu.watch import Action
from tests.benchmarks.published_way import PublishedTrainer

DEFAULT_EXPERIMENT = Path(__file__).parents[3] / "params.yaml"
NAMES = [f"class {k}" for k in range(training.CLASSES)]
STILL = {"epochs": 100_000, "lr": 1e-6, "lr_placement": 1e-6, "lr_mapping": 1e-6}
"""More epochs than are ever measured, at rates at which nothing diverges."""


@dataclass(frozen=True)
class Work:
    """What is measured."""

    do: Action
    """One epoch of training, or one evaluation."""
    account: Callable[[], dict[str, str]] = dict
    """How it was done, once it was."""


def work_of(case: Case, device: torch.device) -> Work:
    """The work of a case."""
    if case.way.startswith("published"):
        return Work(_published(case, device))
    images = training.images(case.images).to(device)
    with computing_in(case.precision):
        lanes = _lanes(case, images)

    def do() -> None:
        with computing_in(case.precision):
            if case.work == "evaluation":
                lanes.measure("val", lambda lane: images)
            else:
                _epoch(lanes)

    return Work(do, lambda: lanes.account)


def _lanes(case: Case, images: LabelledImages) -> Lanes:
    network = _frozen(case.network, case.side, case.sources, images.device)
    # Validated in each epoch, so that it has to be next to nothing.
    one = LabelledImages(images.images_NHWC[:1], images.labels_N[:1], images.device)
    trainings = []
    for seed, trial in zip(range(case.lanes), cycle(_trials(case)), strict=False):
        torch.manual_seed(seed)
        model = build(trial, network, NAMES).to(images.device)
        trainings.append(Training(model, images, one, trial.training))
    return Lanes(trainings, case.lanes, replays=False if case.way == "eager" else None)


def _epoch(lanes: Lanes) -> None:
    """The mapping's counts if they are due, the steps, and the look at one image."""
    for found in lanes.epoch().values():
        if isinstance(found, Exception):
            raise found


def _trials(case: Case) -> list[Trial]:
    """The trials that lanes take in turn."""
    mode = "default" if case.way == "compiled" else None
    own = STILL | {"batch_size": case.batch, "precision": case.precision, "compile": mode}
    mapping = "ilm" if case.work == "ilm epoch" else "fm"
    same = {"dataset": "noise", "network": "any", "mapping": mapping, "training": own}
    if case.method != "params.yaml":
        return [Trial.model_validate(same | {"method": case.method})]
    points = settings.read(DEFAULT_EXPERIMENT).points
    methods = {point.method: point.trial.method for point in points if point.method != "none"}
    return [Trial.model_validate(same | {"method": method}) for method in methods.values()]


@lru_cache(maxsize=4)
def _frozen(network: str, side: int, sources: int, device: torch.device) -> FrozenNetwork:
    """Random weights take as long as trained ones; a GPU draws them in no time."""
    with device:
        return training.frozen(network, (side, side), sources).to(device)


def _published(case: Case, device: torch.device) -> Action:
    with device:
        made = create(case.network, 1000, (case.side, case.side)).eval().requires_grad_(False)
    trainer = PublishedTrainer(
        made,
        (case.side, case.side),
        training.CLASSES,
        case.batch,
        ilm=case.work == "ilm epoch",
        device=device,
        autocast=case.way == "published, autocast",
    )
    images = training.images(case.images)

    def epoch() -> None:
        with _as_torch_is():
            trainer.epoch(images)

    return epoch


@contextmanager
def _as_torch_is() -> Iterator[None]:
    """In this block, torch computes as its users have it: by kernels that need not be repeatable,
    and with TF32 in convolutions."""
    before = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("default")
    with computing_in("fp32"):
        BACKENDS.cudnn.conv.fp32_precision = "tf32"
        try:
            yield
        finally:
            torch.set_deterministic_debug_mode(before)


def flops(case: Case) -> float:
    """The operations that the work needs for one image."""
    step, look = _step_and_look(case.network, case.side, case.sources)
    return {"training": step, "ilm epoch": step + look, "evaluation": look}[case.work]


@lru_cache
def _step_and_look(network: str, side: int, sources: int) -> tuple[float, float]:
    return training.flops(network, (side, side), sources)
