"""Refuse what cannot be used before any dataset is prepared or network made.

Networks are put together without weights, which takes seconds, so it is done once for the same
settings: the first stage that starts leaves a note for the others.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from lorvp.errors import InputError
from lorvp.experiment.params import ParamsError
from lorvp.experiment.trial import Point
from lorvp.files.whole import canonical, write_whole
from lorvp.networks import checkpoint
from lorvp.networks.libraries.own_code import VARIABLE
from lorvp.networks.manifest import CheckpointManifest
from lorvp.networks.sources.base import NetworkConfig
from lorvp.training.built import built
from lorvp.version import VERSION
from tasks.errors import naming
from tasks.paths import CHECKPOINTS, DATASETS, USABLE
from tasks.settings import RunExperiment, RunParams
from tasks.stages.own_code import require_seen

MANY, FEW = 1000, 2
"""Classes that a source and a target are taken to have before anybody knows: what does not fit
these numbers fits none."""


def require_usable(experiment: RunExperiment) -> None:
    """Put every network together, and every prompt and mapping for it.

    Raises:
        InputError: naming the key of params.yaml.
    """
    note = _note(experiment.params)
    if USABLE.is_file() and USABLE.read_text() == note:
        return
    manifests = {}
    for name, config in experiment.params.checkpoints.items():
        with naming(f"checkpoints.{name}"):
            require_seen(config, experiment.params)
            own = config.trained_on
            names = made_up_names(experiment.params, own, MANY) if own else None
            manifests[name] = _prepared(name, config) or config.sketch(names)[0]
    searched = [search.point for search in experiment.searches]
    require_fitting([*experiment.points, *searched], experiment.params, manifests)
    USABLE.parent.mkdir(parents=True, exist_ok=True)
    write_whole(USABLE, note)


def _note(params: RunParams) -> str:
    """Names the settings, this version and what may be called."""
    sections = params.model_dump(mode="json", exclude={"compute", "tracking"})
    facts = [sections, VERSION, os.environ.get(VARIABLE, "")]
    return hashlib.sha256(canonical(facts)).hexdigest()


def _prepared(name: str, config: NetworkConfig) -> CheckpointManifest | None:
    """The checkpoint as it was made, if it was made from just this: the hub is not asked again."""
    try:
        manifest = checkpoint.read_manifest(CHECKPOINTS / name)
        return manifest if manifest.made_from == config.made_from(DATASETS) else None
    except InputError:
        return None


def made_up_names(params: RunParams, dataset: str, otherwise: int) -> list[str]:
    """As many names as a dataset has classes by its published size."""
    expected = params.datasets[dataset].expected()
    return numbered(expected.classes if expected else otherwise)


def numbered(classes: int) -> list[str]:
    """So many names of classes, of a usual length."""
    return [f"class number {k}" for k in range(classes)]


def require_fitting(
    points: Sequence[Point], params: RunParams, manifests: dict[str, CheckpointManifest]
) -> None:
    """Build each prompt and mapping once for each network and dataset.

    Raises:
        ParamsError: with a line for each combination that cannot be built.
    """
    reasons: dict[str, str] = {}
    tried: set[bytes] = set()
    datasets = {point.trial.dataset for point in points}
    names = {name: made_up_names(params, name, FEW) for name in datasets}
    for point in points:
        trial = point.trial
        facts = trial.model_dump(mode="json", include={"dataset", "network", "method", "mapping"})
        if (key := canonical(facts)) in tried:
            continue
        tried.add(key)
        manifest = manifests[trial.network]
        try:
            built(trial, manifest.canvas, manifest.ends(names[trial.dataset]))
        except InputError as error:
            reasons.setdefault(f"{point.method} · {point.mapping}", str(error))
    if reasons:
        lines = [f"params.yaml: grid: {name}: {reason}" for name, reason in reasons.items()]
        raise ParamsError("\n".join(lines))
