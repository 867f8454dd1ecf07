"""One trial from its files to the bytes of its result, and what it was really computed from.

Whoever starts it says which trial they mean; it is refused where this process has other code, or
finds other data, than its name stands for. All numbers are made and sealed here and in what this
imports, which is part of each trial's code hash; what calls it passes bytes on.
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
from lorvp.trials.shared_outputs import keeper


class ChangedError(InputError):
    """Code or data changed while a run went on; a result would stand under a wrong name."""


@dataclass(frozen=True)
class Files:
    """What a trial is computed from."""

    dataset: Path
    """A prepared dataset."""
    checkpoint: Path
    """The frozen network."""
    outputs: Path
    """A folder for outputs that trials share."""
    notes: Path
    """A folder for notes on what has been read in full, for the time of a run."""


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
    """Train, and seal what came of it; ``expected`` is the identity that it is to have, and
    ``facts`` (the trial's name, environment, …) go into its record. See `lorvp.trials.run.run`.

    Raises:
        ChangedError: it would have another identity, computed here and now.
        InputError: a file is missing or damaged.
    """
    make_repeatable()
    data, manifest = prepared.read(files.dataset), checkpoint.read_manifest(files.checkpoint)
    network_digest = checkpoint.digest(manifest)
    own = identity(trial, data.digest, network_digest)
    _require_same(own, expected)
    verified.require_whole(data, files.notes)
    network = _network(files.checkpoint, network_digest, device)
    keep = keeper(files.outputs, trial, data.digest, network_digest, device)
    result = run(trial, network, data, device, on_epoch, keep, resume, halvings)
    _require_loaded_as_hashed()
    about = facts | described(trial, data, manifest)
    about["environment"] = about.get("environment", {}) | {"pieces of a batch": 2**halvings}
    return Finished(result, sealed(fingerprint(own), result, {"identity": own, **about}))


def described(trial: Trial, data: Prepared, network: CheckpointManifest) -> dict[str, Any]:
    """What a prompt's record tells of its task and network, so that it can be used on its own."""
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
    """A module may be loaded long after this process began and its code was hashed."""
    if late := code_digest.loaded_otherwise():
        raise ChangedError(
            f"{', '.join(late)} changed while the run went on and was loaded after that; the "
            "result is not stored, and the next `dvc repro` trains it under its new name"
        )


@lru_cache(maxsize=1)
def _network(folder: Path, digest: str, device: str) -> FrozenNetwork:
    """Kept from trial to trial: it is frozen, and neighbours in the grid share it."""
    return checkpoint.load(folder).to(device)


forget_network = _network.cache_clear
