"""Outputs of networks without a prompt, computed by the first trial that needs them.

They lie in the project's folder of throw-away files for the time of a run: seeds and mappings
on the same images share them, whichever worker they run in.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock

from lorvp.code import digest_of
from lorvp.files import canonical, naming_full_disk, whole_folder
from lorvp.remembered import Keep, Outputs
from lorvp.timing import Duration
from tasks.places import WORK
from tasks.plan import Job

FOLDER = WORK / "outputs"


def keeper(job: Job, device: str) -> Keep:
    """Keeps what depends on nothing but the trial's images, network and method."""
    trial, config = job.point.trial, job.point.trial.training
    settings = [trial.method.model_dump(mode="json"), config.precision, config.compile, device]
    bytes_of = [job.identity["dataset"], job.identity["checkpoint"]]
    code = digest_of(["lorvp.remembered", type(trial.method).__module__])

    def keep(name: str, make: Callable[[], Outputs]) -> Outputs:
        key = canonical([name, *settings, *bytes_of, code])
        place = FOLDER / hashlib.sha256(key).hexdigest()[:20]
        FOLDER.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{place}.lock"):
            if not place.exists():
                _write(place, make())
        return _read(place)

    return keep


def clear() -> None:
    """Remove what is kept; a run begins and ends with nothing."""
    shutil.rmtree(FOLDER, ignore_errors=True)


def _write(place: Path, outputs: Outputs) -> None:
    with naming_full_disk(FOLDER), whole_folder(place) as scratch:
        np.save(scratch / "outputs.npy", outputs.outputs_N.numpy())
        facts = vars(outputs.took) | {"prompt_linf": outputs.prompt_linf}
        (scratch / "facts.json").write_text(json.dumps(facts))


def _read(place: Path) -> Outputs:
    # Copy on write, since torch knows no arrays that cannot be written to.
    outputs_N = np.load(place / "outputs.npy", mmap_mode="c")
    facts = json.loads((place / "facts.json").read_text())
    prompt_linf = facts.pop("prompt_linf")
    return Outputs(torch.from_numpy(outputs_N), Duration(**facts), prompt_linf)
