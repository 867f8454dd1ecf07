"""Train one trial from its files, and seal its result as bytes.

The caller says which identity (settings, data, network, code) the trial is to have. This process
computes its own, and refuses the trial if they differ. Every number is made and sealed in this
module and in those that it imports, which are part of each trial's code hash; callers move bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lorvp import code_digest
from lorvp.datasets import prepared, verified
from lorvp.datasets.prepared import Prepared
from lorvp.errors import InputError
from lorvp.experiment.trial import Trial
from lorvp.networks import checkpoint
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.manifest import CheckpointManifest
from lorvp.training.determinism import make_repeatable
from lorvp.training.trainer import Epoch
from lorvp.trials.contents import sealed
from lorvp.trials.identity import fingerprint, identity
from lorvp.trials.resume import NOWHERE, Resume
from lorvp.trials.run import Result, run
from lorvp.trials.shared_outputs import shared_cache


class ChangedError(InputError):
    """Code or data changed while a run went on; a result would be stored under a wrong name."""


@dataclass(frozen=True)
class Files:
    """Where a trial's inputs lie, and what it shares with others."""

    dataset: Path
    """A prepared dataset."""
    checkpoint: Path
    """The frozen network."""
    outputs: Path
    """A folder for outputs that trials share."""
    notes: Path
    """A folder for notes on the files that this run has already read in full."""


@dataclass(frozen=True)
class Finished:
    """A result, and its files by name as they are to be stored."""

    result: Result
    files: dict[str, bytes]


def finish(
    trial: Trial,
    files: Files,
    expected: dict,
    facts: dict[str, Any],
    device: str = "cpu",
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    resume: Resume = NOWHERE,
    halvings: int = 0,
) -> Finished:
    """Train a trial whose identity is to be ``expected``, and seal the result.

    ``facts`` (the trial's name, environment, …) go into its record; see `lorvp.trials.run.run` for
    the rest.

    Raises:
        ChangedError: the identity that this process computes is another.
        InputError: a file is missing or damaged.
    """
    make_repeatable()
    data, manifest = prepared.read(files.dataset), checkpoint.read_manifest(files.checkpoint)
    network_digest = checkpoint.digest(manifest)
    own = identity(trial, data.digest, network_digest)
    _require_same(own, expected)
    verified.require_whole(data, files.notes)
    network = _network(files.checkpoint, network_digest, device)
    cache = shared_cache(files.outputs, trial, data.digest, network_digest, device)
    result = run(trial, network, data, device, on_epoch, cache, resume, halvings)
    _require_loaded_as_hashed()
    about = facts | described(trial, data, manifest)
    about["environment"] = about.get("environment", {}) | {"pieces of a batch": 2**halvings}
    return Finished(result, sealed(fingerprint(own), result, {"identity": own, **about}))


def described(trial: Trial, data: Prepared, network: CheckpointManifest) -> dict[str, Any]:
    """Facts of the task and the network, with which a prompt can be used on its own."""
    return {
        "task": {
            "dataset": trial.dataset,
            "class_names": data.class_names,
            "view": data.view and data.view.model_dump(mode="json"),
        },
        "network": {
            "name": trial.network,
            "architecture": network.architecture,
            "source": network.source,
            "weights_sha256": network.weights_sha256,
        },
    }


def _require_same(own: dict, expected: dict) -> None:
    if differ := [key for key in own if own[key] != expected.get(key)]:
        raise ChangedError(
            f"{' and '.join(differ)} changed while the run went on, so this trial is not the one "
            "that was planned; it is not trained, and the next `dvc repro` trains it as it is then"
        )


def _require_loaded_as_hashed() -> None:
    """Refuse a result if a module was edited after it was hashed and before it was loaded."""
    if late := code_digest.loaded_otherwise():
        raise ChangedError(
            f"{', '.join(late)} changed while the run went on and was loaded after that; the "
            "result is not stored, and the next `dvc repro` trains it under its new name"
        )


@lru_cache(maxsize=1)
def _network(folder: Path, digest: str, device: str) -> FrozenNetwork:
    """The frozen network, kept for the next trial: neighbours in the grid share it."""
    return checkpoint.load(folder).to(device)


forget_network = _network.cache_clear
