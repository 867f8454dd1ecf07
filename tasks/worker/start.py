"""How a process begins in which trials are trained."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

from lorvp import code_digest
from lorvp.networks.acceleration.precision import SlowPrecision
from lorvp.training.determinism import make_repeatable
from tasks.machine.devices import confine
from tasks.machine.memory import keep_freed_memory
from tasks.processes import end_with_parent


def start_worker(parent: int, place: str, home: Path) -> None:
    """Set up a new worker process: one thread, one device, repeatable kernels, and an end with the
    process ``parent``. Its relative paths start from the folder ``home``."""
    os.chdir(home)
    confine(place)
    keep_freed_memory()
    make_repeatable()
    code_digest.hold()
    # The log says so, once for each trial.
    warnings.simplefilter("ignore", SlowPrecision)
    # Server and flow come first: they need little, and while they wait no trial is handed out.
    os.nice(5)
    end_with_parent(parent)
