"""The log of a trial: a file of its own, whose lines the run passes on as they are written.

It is a file since workers are other processes, and since it can still be read when a worker was
killed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple

from lorvp.text.redacted import redacted
from lorvp.training.epoch import Epoch
from tasks.paths import WORK
from tasks.worker.failures import worth_another_try

FOLDER = WORK / "logs"


def log_file(fingerprint: str) -> Path:
    """The log of a trial, relative to the project's folder or a machine's own."""
    return FOLDER / f"{fingerprint}.log"


class _BestEffortHandler(logging.FileHandler):
    """Drops lines that cannot be written, such as on a full disk; the trial goes on."""

    def handleError(self, record: logging.LogRecord) -> None: ...

    def close(self) -> None:
        with suppress(OSError):
            super().close()


class _RedactingFormatter(logging.Formatter):
    """Hides passwords: errors of other libraries, and their tracebacks, may quote addresses."""

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(record))


_speaking: ContextVar[str | None] = ContextVar("speaking", default=None)
"""The trial that what is logged now is of; None if of all that this process trains."""


@contextmanager
def speaking(fingerprint: str) -> Iterator[None]:
    """What is logged in this block is of one trial, and not of those that are trained beside it."""
    token = _speaking.set(fingerprint)
    try:
        yield
    finally:
        _speaking.reset(token)


@contextmanager
def own_log(fingerprint: str) -> Iterator[logging.Logger]:
    """A logger that writes to the trial's file, as ``lorvp`` does in this block."""
    path, logger = log_file(fingerprint), logging.getLogger("lorvp")
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = _BestEffortHandler(path, encoding="utf-8")
    handler.setFormatter(_RedactingFormatter("%(asctime)s %(levelname)-7s %(message)s"))
    handler.addFilter(lambda record: _speaking.get() in (None, fingerprint))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield logger
    except Exception as error:
        with speaking(fingerprint):
            # The traceback is left out of what would end in the same way again.
            told = worth_another_try(error) and error
            logger.error("%s: %s", type(error).__name__, error, exc_info=told)
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()


def epoch_line(epoch: Epoch) -> str:
    """The log's line on one epoch."""
    return (
        f"epoch {epoch.epoch:>3}: loss {epoch.train_loss:.3f}, train {epoch.train_accuracy:.1%}, "
        f"val {epoch.val_accuracy:.1%}"
    )


class Seen(NamedTuple):
    """What a line of the log tells of an epoch; accuracies are shares."""

    epoch: int
    loss: float
    train: float
    val: float


_EPOCH = re.compile(r"epoch +(\d+): loss (\S+), train (\S+)%, val (\S+)%")


def seen_epoch(message: str) -> Seen | None:
    """The epoch that a line is about, as ``epoch_line`` wrote it; None of other lines."""
    found = _EPOCH.fullmatch(message)
    if found is None:
        return None
    epoch, loss, train, val = found.groups()
    return Seen(int(epoch), float(loss), float(train) / 100, float(val) / 100)


def level_and_message(line: str) -> tuple[int, str]:
    """Level and message of a line in the file; the lines of a traceback are errors."""
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
