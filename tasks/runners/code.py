"""The code that goes to other machines with a run: ours, and the user's own beside it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from lorvp.networks.libraries.own_code import INSTALLED, VARIABLE
from tasks.jobs import Job, manifest_of

OURS = tuple(Path(__file__).parents[2] / name for name in ("flows", "lorvp", "tasks"))
"""The packages that go with each run: workers run the code that named the trials."""
PASSED_ON = ("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "DO_NOT_TRACK", "GOMP_SPINCOUNT", VARIABLE)
"""Variables that hold there as here."""


def code_for(jobs: Iterable[Job]) -> tuple[Path, ...]:
    """The packages and modules that the networks of ``jobs`` need on a machine without the project.

    What is installed here, and not just beside the project, has to be installed there as well.
    """
    return OURS + tuple(sorted({path for job in jobs for path in _own(job)}))


def passed_on() -> dict[str, str]:
    """The variables of PASSED_ON that are set here."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def _own(job: Job) -> Iterator[Path]:
    for name in {module.partition(".")[0] for module in manifest_of(job.checkpoint).own_code}:
        spec = None if name in sys.stdlib_module_names else find_spec(name)
        if spec is None:  # whoever loads the network says so
            continue
        places = spec.submodule_search_locations or [spec.origin]
        path = Path(str(next(iter(places)))).absolute()
        if path.exists() and INSTALLED.isdisjoint(path.parts):
            yield path
