"""What a trial of ours does otherwise than the procedure behind a published number.

General rules compare the paper's procedure with the trial; methods and mappings declare what is
theirs (``Origin``), and so may a block of the grid (its key ``differs``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lorvp.experiment.trial import Trial
from lorvp.recipe import TrainingConfig
from lorvp.results.tables.procedures import PROCEDURES, Procedure
from lorvp.settings import Settings


@dataclass(frozen=True)
class Ours:
    """What differs from trial to trial of ours, and decides what differs from a paper."""

    trial: Trial
    dataset: Settings
    interpolation: str | None = None
    """The network's own; None if it is not known."""
    declared: tuple[str, ...] = ()
    """What the block of the grid declares (its key ``differs``)."""


General = Callable[[Procedure, Ours], Iterator[str]]


def epoch(paper: Procedure, ours: Ours) -> Iterator[str]:
    """Validation images, a tenth of the training images unless the dataset has its own, are held
    out and choose the epoch; the test images are read once, at the end. Most papers train on all
    images and print the best test epoch, which `test_every_epoch` records beside ours."""
    if paper.tests_choose:
        yield (
            "the epoch is chosen on validation images, which are not trained on, and not by the "
            "best test accuracy"
        )


def precision(paper: Procedure, ours: Ours) -> Iterator[str]:
    """The frozen network computes in IEEE fp32 unless `precision` says otherwise; the code of
    several papers has fp16 autocast with scaled gradients."""
    if paper.autocast:
        yield f"{ours.trial.training.precision}, not fp16 autocast with scaled gradients"


def interpolation(paper: Procedure, ours: Ours) -> Iterator[str]:
    """Prompts see images resized by the interpolation that the network was trained with; some
    papers have torchvision's default, bilinear, for all."""
    if paper.bilinear and ours.interpolation not in (None, "bilinear"):
        yield f"prompts see images resized by {ours.interpolation} interpolation, not bilinear"


def view(paper: Procedure, ours: Ours) -> Iterator[str]:
    """Images are stored squashed into a square unless the dataset's `resize` says otherwise; CLIP's
    papers take the middle of the short side."""
    if paper.middle and getattr(ours.dataset, "resize", None) == "squash":
        yield "images squashed into a square, not the middle of their short side"


def more(paper: Procedure, ours: Ours) -> Iterator[str]:
    """What else is known of all numbers of a paper, listed below."""
    yield from paper.more


def recipe(paper: Procedure, ours: Ours) -> Iterator[str]:
    """Training settings that are not those of the method's recipe."""
    published, own = ours.trial.method.paper, ours.trial.training
    if published is not None:
        free = {"test_every_epoch", "precision", "compile"}
        names = [name for name in type(own).model_fields if name not in free]
        other = [name for name in names if getattr(own, name) != getattr(published, name)]
        if other:
            yield f"{', '.join(other)} other than in the method's recipe"


GENERAL: tuple[General, ...] = (epoch, precision, interpolation, view, more, recipe)
"""The rules, each with what it is about, for `lorvp/FIDELITY.md`."""


def differences(paper: str, ours: Ours) -> list[str]:
    """What our trial does otherwise than a paper's procedure: of the pipeline, then of the method
    and the mapping, then what the block of the grid declares."""
    procedure = PROCEDURES.get(paper, Procedure())
    general = [said for rule in GENERAL for said in rule(procedure, ours)]
    augmented = ours.trial.training.augmentation != TrainingConfig().augmentation
    parts = [
        f"{part.kind}: {said}"
        for part in (ours.trial.method, ours.trial.mapping)
        for said in declared_by(part, augmented)
    ]
    return list(dict.fromkeys([*general, *parts, *ours.declared]))


def declared_by(part: Settings, augmented: bool) -> Iterator[str]:
    """The differences of a method or a mapping that hold with its settings. One from somebody
    else's package may have no ``origin``."""
    origin: Any = getattr(type(part), "origin", None)
    for one in origin.differs if origin else ():
        here = all(getattr(part, name) == value for name, value in one.only.items())
        if here and (augmented or not one.with_augmentation):
            yield one.what
