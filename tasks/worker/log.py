"""What a trial says while it trains: a file of its own, which the run passes on as it grows.

A file, since workers may be other processes or other machines, and since it stays to be read when
a worker was killed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lorvp.text.redacted import redacted
from lorvp.training.trainer import Epoch
from tasks.paths import WORK
from tasks.worker.failures import worth_another_try

FOLDER = WORK / "logs"


def log_file(fingerprint: str) -> Path:
    return FOLDER / f"{fingerprint}.log"


class _Patient(logging.FileHandler):
    """Does without what cannot be written, such as on a full disk: no reason to stop."""

    def handleError(self, record: logging.LogRecord) -> None: ...

    def close(self) -> None:
        with suppress(OSError):
            super().close()


class _Discreet(logging.Formatter):
    """Errors of other libraries, and their tracebacks, may quote addresses with their passwords."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


@contextmanager
def own_log(fingerprint: str) -> Iterator[logging.Logger]:
    """What ``lorvp`` logs in this block, and what is logged here, goes to the trial's file."""
    path, logger = log_file(fingerprint), logging.getLogger("lorvp")
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = _Patient(path, encoding="utf-8")
    handler.setFormatter(_Discreet("%(asctime)s %(levelname)-7s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield logger
    except Exception as error:
        # What would end in the same way again is said by its message alone.
        logger.error("%s: %s", type(error).__name__, error, exc_info=worth_another_try(error))
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()


def told(epoch: Epoch) -> str:
    """An epoch in a line."""
    return (
        f"epoch {epoch.epoch:>3}: loss {epoch.train_loss:.3f}, train {epoch.train_accuracy:.1%}, "
        f"val {epoch.val_accuracy:.1%}"
    )


def level_and_message(line: str) -> tuple[int, str]:
    """Of a line in the file; the lines of a traceback have no level of their own."""
    parts = re.fullmatch(r"\d\S+ \d\S+ ([A-Z]+) +(.*)", line)
    if parts is None:
        return logging.ERROR, line
    return logging.getLevelNamesMapping()[parts[1]], parts[2]


class Tail:
    """The lines that are added to a file from now on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.at = path.stat().st_size if path.exists() else 0

    def new_lines(self) -> list[str]:
        """The whole lines that were added since the last call."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self.at)
            whole, end, _ = file.read().rpartition(b"\n")
        self.at += len(whole + end)
        # A process that was killed may have left half a character.
        return whole.decode(errors="replace").split("\n") if end else []
