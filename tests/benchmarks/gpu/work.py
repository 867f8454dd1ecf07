"""The work of a case as a function without arguments that can be called again and again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import get_args

import torch

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.experiment.trial import Trial
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries.timm_models import create
from lorvp.performance.profile import repeated_epoch
from lorvp.recipe import Precision
from lorvp.training.epoch import refresh_mapping
from lorvp.training.evaluation import predict
from lorvp.training.model import PromptedNetwork
from lorvp.trials.run import build
from tests.benchmarks import training
from tests.benchmarks.gpu.case import Case
from tests.benchmarks.gpu.watch import Action
from tests.benchmarks.published_way import PublishedTrainer

NAMES = [f"class {k}" for k in range(training.CLASSES)]


class MissingError(Exception):
    """This version of the project, or this machine, cannot do what a case asks for."""


def work_of(case: Case, device: torch.device) -> Action:
    """One epoch of training or one evaluation, as the case says.

    Raises:
        MissingError: it cannot be done; the message says why.
    """
    if case.way.startswith("published"):
        return _published(case, device)
    if case.precision not in get_args(Precision):
        raise MissingError(f"there is no precision {case.precision}")
    if case.lanes > 1 or (case.way == "captured" and case.work == "training"):
        raise MissingError("there are no lanes")
    images, trial = _images(case, device), _trial(case)
    model = build(trial, _frozen(case.network, case.side, device), NAMES).to(device)
    if case.work == "evaluation":
        return lambda: predict(model, images)
    epoch = repeated_epoch(model, images, trial.training)
    return epoch if case.work == "training" else _after_counting(model, images, epoch)


def _after_counting(model: PromptedNetwork, images: LabelledImages, epoch: Action) -> Action:
    def counted() -> None:
        refresh_mapping(model, images, 0)
        epoch()

    return counted


def _trial(case: Case) -> Trial:
    settings = {
        "dataset": "noise",
        "network": "any",
        "method": case.method,
        "mapping": "ilm" if case.work == "ilm epoch" else "fm",
        "training": {
            "epochs": 1,
            "batch_size": case.batch,
            "precision": case.precision,
            "compile": "default" if case.way == "compiled" else None,
        },
    }
    return Trial.model_validate(settings)


def _images(case: Case, device: torch.device) -> LabelledImages:
    return training.images(case.images).to(device)


@lru_cache(maxsize=4)
def _frozen(network: str, side: int, device: torch.device) -> FrozenNetwork:
    """Random weights take as long as trained ones; a GPU draws them in no time."""
    with device:
        return training.frozen(network, (side, side)).to(device)


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
        with _any_kernels():
            trainer.epoch(images)

    return epoch


@contextmanager
def _any_kernels() -> Iterator[None]:
    """In this block, torch may take kernels that are not repeatable, as its users have it."""
    before = torch.get_deterministic_debug_mode()
    torch.set_deterministic_debug_mode("default")
    try:
        yield
    finally:
        torch.set_deterministic_debug_mode(before)


def flops(case: Case) -> float:
    """The operations that the work needs for one image."""
    step, look = _step_and_look(case.network, case.side)
    return {"training": step, "ilm epoch": step + look, "evaluation": look}[case.work]


@lru_cache
def _step_and_look(network: str, side: int) -> tuple[float, float]:
    return training.flops(network, (side, side))
