"""The state of a trial after its last whole epoch, in one file, from which it can go on.

The file is the SHA-256 of the rest, then the rest as ``torch.save`` writes it.
"""

from __future__ import annotations

import hashlib
import io
import logging
import warnings
from pathlib import Path
from typing import Any, Protocol

import torch

from lorvp.files.damage import UNREADABLE
from lorvp.files.whole import naming_full_disk, write_whole

log = logging.getLogger(__name__)
DIGEST = hashlib.sha256().digest_size


class Resume(Protocol):
    """Stores the state of one trial."""

    def load(self) -> dict[str, Any] | None: ...
    def save(self, state: dict[str, Any]) -> None: ...


class Nowhere:
    """Stores nothing: training always starts at the beginning."""

    def load(self) -> None:
        return None

    def save(self, state: dict[str, Any]) -> None: ...


NOWHERE = Nowhere()


class ResumeFile:
    """Stores the state in a file, in place of the one before."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> dict[str, Any] | None:
        """The state, or None if there is none. A damaged file is logged and removed."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        if (state := _read(content)) is None:
            log.warning("%s is damaged; the trial starts over", self.path)
            self.forget()
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Store a state of plain values, and of tensors on any device.

        Raises:
            DiskFullError: there is no room; the state before this one is still there.
        """
        buffer = io.BytesIO()
        torch.save(state, buffer)
        rest = buffer.getvalue()
        with naming_full_disk(self.path.parent):
            write_whole(self.path, hashlib.sha256(rest).digest() + rest)

    def forget(self) -> None:
        """Remove the state of a trial that is done, or cannot go on from it."""
        self.path.unlink(missing_ok=True)


def _read(content: bytes) -> dict[str, Any] | None:
    """The state; None if the checksum is another, or the content is no state."""
    digest, rest = content[:DIGEST], content[DIGEST:]
    if hashlib.sha256(rest).digest() != digest:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            state = torch.load(io.BytesIO(rest), weights_only=True, map_location="cpu")
    except UNREADABLE:
        return None
    return state if isinstance(state, dict) else None
