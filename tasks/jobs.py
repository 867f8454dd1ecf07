"""Which trials the grid asks for, and which of them are still missing."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

from lorvp.datasets import prepared, verified
from lorvp.errors import InputError
from lorvp.experiment.trial import Point
from lorvp.networks import checkpoint
from lorvp.training.built import built
from lorvp.trials.identity import fingerprint, going_on, identity
from lorvp.trials.store import TrialStore
from lorvp.trials.verified import is_whole
from tasks.machine.precision import require_fast_precisions
from tasks.paths import CHECKPOINTS, DATASETS, NOTES, PROMPTS
from tasks.settings import ComputeConfig, RunExperiment


@dataclass(frozen=True)
class Job:
    """One trial and all a worker needs to train it."""

    point: Point
    identity: dict
    fingerprint: str
    store: Path
    """The trial store's root."""
    dataset: Path
    """The prepared dataset, where this job is done."""
    checkpoint: Path
    """The frozen network, where this job is done."""

    @property
    def state(self) -> str:
        """The name of its state after an epoch: its fingerprint, or that of the trial which a
        stopped one becomes if it goes on."""
        whole = going_on(self.identity)
        return self.fingerprint if whole is self.identity else fingerprint(whole)

    @property
    def file_digests(self) -> dict[str, str]:
        """What the files and checkpoints that its mapping names hold, by field."""
        mapping = self.point.trial.mapping
        named = mapping.files | mapping.checkpoints
        return {field: self.identity["settings"]["mapping"][field] for field in named}

    @property
    def tags(self) -> list[str]:
        """Dataset, network, method with and without its values, mapping."""
        trial, point = self.point.trial, self.point
        words = [trial.dataset, trial.network, trial.method.kind, point.method, point.mapping]
        words += point.tags
        return list(dict.fromkeys(words))


@dataclass(frozen=True)
class Plan:
    """The grid's trials in order, and those of them that have no result yet."""

    jobs: list[Job]
    missing: list[Job]
    """Settings to be tried are among them, if these are known by now."""
    searched: list[Job] = field(default_factory=list)
    """Trials of settings that are tried to find others of the grid; they are no results."""
    problems: list[str] = field(default_factory=list)
    """Why trials of the grid will never be known."""

    @property
    def every(self) -> list[Job]:
        """All trials, those of searches as well."""
        return [*self.jobs, *self.searched]

    @property
    def finished(self) -> list[Job]:
        """The trials that have a result, in the grid's order."""
        missing = {job.fingerprint for job in self.missing}
        return [job for job in self.jobs if job.fingerprint not in missing]

    def with_results_of(self, jobs: Iterable[Job]) -> Plan:
        """This plan after ``jobs`` were trained."""
        trained = {job.fingerprint for job in jobs}
        left = [job for job in self.missing if job.fingerprint not in trained]
        return replace(self, missing=left)

    def without_results_of(self, jobs: Iterable[Job]) -> Plan:
        """This plan with ``jobs`` missing as well."""
        missing = {job.fingerprint for job in (*self.missing, *jobs)}
        return replace(self, missing=[job for job in self.every if job.fingerprint in missing])


def make_plan(experiment: RunExperiment, store: TrialStore) -> Plan:
    """Name every trial by its fingerprint and look it up in the store.

    Finished trials in data/prompts that the store lacks, such as pulled ones, are adopted.

    Raises:
        InputError: a dataset or checkpoint is not there, a trial cannot be built on it, or its
            device is slow in its precision.
    """
    jobs = make_jobs(experiment, store)
    plan = Plan(jobs, [job for job in jobs if not is_finished(job, store)])
    require_trainable(plan.missing, experiment.params.compute)
    return plan


def require_trainable(jobs: list[Job], compute: ComputeConfig) -> None:
    """Refuse, before any of them is trained, trials that cannot be trained here.

    Raises:
        InputError: a trial cannot be built, or its device is slow in its precision.
    """
    require_buildable(jobs)
    require_fast_precisions((job.point.trial for job in jobs), compute)


def require_whole_images(plan: Plan) -> None:
    """Read what is about to be trained on, once for all trials.

    Raises:
        InputError: a dataset is damaged.
    """
    shutil.rmtree(NOTES, ignore_errors=True)
    for folder in dict.fromkeys(job.dataset for job in plan.missing):
        verified.require_whole(_dataset(folder), NOTES, partial(print, flush=True))


def holds(job: Job) -> bool:
    """Whether this trial is finished and whole in its store."""
    return TrialStore(job.store).holds(job.fingerprint)


def is_finished(job: Job, store: TrialStore) -> bool:
    """Whether the store has the trial, which it takes from data/prompts if it can."""
    if holds(job):
        return True
    shown = PROMPTS / job.fingerprint
    if not shown.exists():
        return False
    store.adopt(shown)
    return holds(job)


def make_jobs(experiment: RunExperiment, store: TrialStore) -> list[Job]:
    """A job for each trial of the grid, in its order.

    Raises:
        InputError: a dataset or a checkpoint is not there.
    """
    return [make_job(point, store) for point in experiment.points]


def make_job(point: Point, store: TrialStore) -> Job:
    """The job of one trial, whose result is, or will be, in ``store``."""
    dataset, network = DATASETS / point.trial.dataset, CHECKPOINTS / point.trial.network
    facts = identity(point.trial, _dataset(dataset).digest, checkpoint.digest(manifest_of(network)))
    return Job(point, facts, fingerprint(facts), store.root, dataset, network)


def neighbours_together(jobs: list[Job]) -> list[Job]:
    """In the grid's order, but network by network and dataset by dataset: a worker keeps the
    network it has loaded for its next trial."""
    trials = [job.point.trial for job in jobs]
    networks = list(dict.fromkeys(trial.network for trial in trials))
    datasets = list(dict.fromkeys(trial.dataset for trial in trials))

    def place(job: Job) -> tuple[int, int]:
        trial = job.point.trial
        return networks.index(trial.network), datasets.index(trial.dataset)

    return sorted(jobs, key=place)


def require_results(jobs: list[Job]) -> None:
    """Refuse to make tables of half a grid, or of results that are no longer true."""
    missing = [job.point.name for job in jobs if not is_whole(PROMPTS / job.fingerprint)]
    if missing:
        shown = "\n  ".join(missing[:10] + ["…"] * (len(missing) > 10))
        raise InputError(
            f"{len(missing)} of {len(jobs)} trials have no current result in {PROMPTS}; run "
            "`dvc repro` to train them, or `python -m flows.prompts` if it finds nothing to do "
            f"(a file was damaged):\n  {shown}"
        )


def notes(plan: Plan) -> list[str]:
    """What the user should know of the data before training on them."""
    found = []
    for folder in dict.fromkeys(job.dataset for job in plan.missing):
        absent = ", ".join(_dataset(folder).classes_without("train"))
        if absent:
            found.append(
                f"note: {folder.name} has no training image of {absent}: nothing can be learnt of "
                "them; mappings that count give them unused source classes, or the mean logit"
            )
    places = {(job.dataset, job.checkpoint): None for job in plan.missing}
    views = (_resized_otherwise, _squashed)
    return [*found, *filter(None, (view(*pair) for pair in places for view in views))]


def _resized_otherwise(dataset: Path, network: Path) -> str:
    """Pixels that were made when images were stored are not those that the network knows."""
    stored, expected = _dataset(dataset).interpolation, manifest_of(network).interpolation
    if stored in (None, expected):
        return ""
    return (
        f"note: the images of {dataset.name} were resized by {stored} interpolation when they were "
        f"stored, and {network.name} expects {expected}; `interpolation: {expected}` under "
        f"datasets.{dataset.name} stores them so"
    )


def _squashed(dataset: Path, network: Path) -> str:
    """Images were stored without their proportions, for a network that looks at all of the middle
    of images that have theirs, as CLIP does."""
    stored, looks_at = _dataset(dataset), manifest_of(network).crop
    squashed = stored.view is not None and stored.view.resize == "squash"
    if looks_at != 1 or not squashed or stored.interpolation is None:
        return ""
    return (
        f"note: the images of {dataset.name} were squashed when they were stored, which changes "
        f"those that are not square, and {network.name} was trained on the middle of images that "
        f"keep their proportions; `resize: crop` and `crop: 1` under datasets.{dataset.name} store "
        "them so"
    )


def require_buildable(jobs: list[Job]) -> None:
    """Build every prompt and mapping once, and read the files that mappings name.

    Raises:
        InputError: with a line for each combination that cannot be built.
    """
    reasons: dict[str, str] = {}
    for job in jobs:
        trial, manifest = job.point.trial, manifest_of(job.checkpoint)
        names = _dataset(job.dataset).class_names
        try:
            built(trial, manifest.canvas, manifest.ends(names))
            trial.mapping.require_files(names)
        except InputError as error:
            reasons.setdefault(f"{job.point.method} · {job.point.mapping}", str(error))
    if reasons:
        lines = [f"params.yaml: grid: {name}: {reason}" for name, reason in reasons.items()]
        raise InputError("\n".join(lines))


_dataset = cache(prepared.read)
manifest_of = cache(checkpoint.read_manifest)
