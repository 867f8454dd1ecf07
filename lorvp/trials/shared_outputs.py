"""Outputs of a network without a prompt, computed by the first trial that needs them.

They lie in a folder for the time of a run, and trials with other seeds and mappings on the same
images read them, in whichever process they run. This module is part of each trial's code hash.

outputs.npy   outputs_NS or outputs_ND
facts.json    what was measured while they were computed, and the SHA-256 of both
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from filelock import FileLock

from lorvp.code_digest import digest_of
from lorvp.files.whole import canonical, naming_full_disk, sha256, whole_folder
from lorvp.training.cached_outputs import Cache, Outputs
from lorvp.training.timing import Duration

if TYPE_CHECKING:
    from lorvp.experiment.trial import Trial

OUTPUTS, FACTS = "outputs.npy", "facts.json"


def shared_cache(
    folder: Path, trial: Trial, dataset_digest: str, checkpoint_digest: str, device: str
) -> Cache:
    """A cache in ``folder`` for all trials with this one's images, network and method."""
    config = trial.training
    settings = [trial.method.model_dump(mode="json"), config.precision, config.compile, device]
    code = digest_of(["lorvp.training.cached_outputs", type(trial.method).__module__])

    def cache(name: str, make: Callable[[], Outputs]) -> Outputs:
        key = canonical([name, *settings, dataset_digest, checkpoint_digest, code])
        place = folder / hashlib.sha256(key).hexdigest()[:20]
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{place}.lock"):
            if not _holds(place):
                _write(place, make())
        return _read(place)

    return cache


def _write(place: Path, outputs: Outputs) -> None:
    with naming_full_disk(place.parent), whole_folder(place) as scratch:
        np.save(scratch / OUTPUTS, outputs.outputs_N.numpy())
        facts = vars(outputs.took) | {"prompt_linf": outputs.prompt_linf}
        sealed = [facts, sha256(scratch / OUTPUTS), _seal(facts, sha256(scratch / OUTPUTS))]
        (scratch / FACTS).write_text(json.dumps(sealed))


def _seal(facts: dict, outputs_sha256: str) -> str:
    return hashlib.sha256(canonical([facts, outputs_sha256])).hexdigest()


def _holds(place: Path) -> bool:
    """Whether ``place`` holds whole outputs; damaged ones are removed."""
    try:
        facts, digest, seal = json.loads((place / FACTS).read_text())
        whole = seal == _seal(facts, digest) and digest == sha256(place / OUTPUTS)
    except (FileNotFoundError, ValueError, TypeError):
        whole = False
    if not whole:
        shutil.rmtree(place, ignore_errors=True)
    return whole


def _read(place: Path) -> Outputs:
    # Copy on write, since torch knows no arrays that cannot be written to.
    outputs_N = np.load(place / OUTPUTS, mmap_mode="c")
    facts, *_ = json.loads((place / FACTS).read_text())
    prompt_linf = facts.pop("prompt_linf")
    return Outputs(torch.from_numpy(outputs_N), Duration(**facts), prompt_linf)
