"""Train trials from their files, and seal their results as bytes.

The caller says which identity (settings, data, network, code) the trial is to have. This process
computes its own, and refuses the trial if they differ. Every number is made and sealed in this
module and in those that it imports, which are part of each trial's code hash; callers move bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from lorvp.training.epoch import Epoch
from lorvp.trials.contents import sealed
from lorvp.trials.course import Wish
from lorvp.trials.identity import fingerprint, identity
from lorvp.trials.result import Result
from lorvp.trials.resume import NOWHERE, Resume
from lorvp.trials.run import run_together
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


@dataclass(frozen=True)
class Order:
    """A trial that is to be trained, and whose identity is to be ``expected``."""

    trial: Trial
    expected: dict
    facts: dict[str, Any]
    """What goes into its record besides: its name, environment, …"""
    on_epoch: Callable[[Epoch], None] = lambda epoch: None
    resume: Resume = NOWHERE


Ended = dict[int, "Finished | Exception"]
"""Trials that have ended, by their number: their result, or why they have none."""


def finish_together(
    orders: Sequence[Order],
    files: Files,
    device: str = "cpu",
    width: int = 1,
    halvings: int = 0,
) -> Iterator[Ended]:
    """Train trials of one `company`, and seal their results; see `lorvp.trials.run.run_together`.

    A trial ends with a ``ChangedError`` if the identity that this process computes is another.

    Raises:
        InputError: a file is missing or damaged.
        Exception: memory ran out, or the network failed, for all that have not ended.
    """
    make_repeatable()
    data, manifest = prepared.read(files.dataset), checkpoint.read_manifest(files.checkpoint)
    network_digest = checkpoint.digest(manifest)
    identities = [identity(order.trial, data.digest, network_digest) for order in orders]
    ended: Ended = {}
    for number, (order, own) in enumerate(zip(orders, identities, strict=True)):
        if (changed := _difference(own, order.expected)) is not None:
            ended[number] = changed
    yield ended
    wanted = [number for number in range(len(orders)) if number not in ended]
    verified.require_whole(data, files.notes)
    network = _network(files.checkpoint, network_digest, device)
    wishes = [_wish(orders[n], files, data.digest, network_digest, device) for n in wanted]
    computed = {"pieces of a batch": 2**halvings, "lanes": width}

    def seal(number: int, result: Result) -> Finished:
        order, own = orders[number], identities[number]
        _require_loaded_as_hashed()
        about = order.facts | described(order.trial, data, manifest)
        about["environment"] = about.get("environment", {}) | computed
        return Finished(result, sealed(fingerprint(own), result, {"identity": own, **about}))

    for found in run_together(wishes, network, data, device, width, halvings) if wishes else ():
        yield {wanted[index]: _sealed(seal, wanted[index], found[index]) for index in found}


def _sealed(
    seal: Callable[[int, Result], Finished], number: int, found: Result | Exception
) -> Finished | Exception:
    if isinstance(found, Exception):
        return found
    try:
        return seal(number, found)
    except ChangedError as error:
        return error


def _wish(
    order: Order, files: Files, dataset_digest: str, network_digest: str, device: str
) -> Wish:
    cache = shared_cache(files.outputs, order.trial, dataset_digest, network_digest, device)
    return Wish(order.trial, order.on_epoch, cache, order.resume)


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


def _difference(own: dict, expected: dict) -> ChangedError | None:
    """The error for a trial that is another than was expected; None if it is the same."""
    if not (differ := [key for key in own if own[key] != expected.get(key)]):
        return None
    return ChangedError(
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
