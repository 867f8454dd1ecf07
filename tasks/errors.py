"""Errors a user can mend are shown as one message; all others keep their traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeGuard

from lorvp.errors import InputError
from lorvp.files.whole import FULL
from lorvp.interrupts import INTERRUPTED

CACHES = ("LORVP_STORE (trials)", "LORVP_RAW (downloads)", "HF_HOME (the hub's)", "PREFECT_HOME")
"""Variables, each for a folder outside of the project that is written to."""


@contextmanager
def for_people(stopped: str = "stopped") -> Iterator[None]:
    """End the process with the message alone (exit status 2) for what a user can mend: an
    ``InputError``, or a disk that is full or takes no files. After a Ctrl-C, print ``stopped``."""
    try:
        yield
    except InputError as error:
        sys.exit(_failed(str(error)))
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        sys.exit(INTERRUPTED)
    except OSError as error:
        if not takes_no_files(error):
            raise
        sys.exit(_failed(f"{error}{_or_elsewhere(error)}"))


def takes_no_files(error: object) -> TypeGuard[OSError]:
    """Whether a disk is full, or a folder may not be written to (or a file not be read)."""
    return isinstance(error, OSError) and error.errno in (*FULL, errno.EROFS, errno.EACCES)


def _or_elsewhere(error: OSError) -> str:
    """Advice on a folder outside of the project that cannot be written: it can be elsewhere."""
    file = Path(os.fsdecode(error.filename or "."))
    if error.errno in FULL or file.absolute().is_relative_to(Path.cwd()):
        return ""
    return f"; set where else: {', '.join(CACHES)}"


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Say where in params.yaml an error that comes from inside has its cause."""
    try:
        yield
    except InputError as error:
        from lorvp.experiment.params import ParamsError  # takes seconds: torch comes with it

        raise ParamsError(f"params.yaml: {place}: {error}") from error


def _failed(message: str) -> int:
    print(message, file=sys.stderr)
    return 2
