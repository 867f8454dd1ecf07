"""Record what code does to files and the network, by Python's audit events."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGING = {
    "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "os.chown", "os.utime", "os.setxattr", "shutil.rmtree", "shutil.move",
}  # fmt: skip
LEAVING = {
    "socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
    "socket.gethostbyname", "urllib.Request",
}  # fmt: skip
STARTING = {
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "pickle.find_class",
}

_watching: list[list[tuple[str, str]]] = []


@contextmanager
def watched() -> Iterator[list[tuple[str, str]]]:
    """A list that fills during the block: files written, addresses, processes, pickled classes."""
    seen: list[tuple[str, str]] = []
    _watching.append(seen)
    try:
        yield seen
    finally:
        _watching.remove(seen)


def _note(event: str, args: tuple[Any, ...]) -> None:
    if not _watching:
        return
    writes = event == "open" and isinstance(args[2], int) and args[2] & WRITING
    if writes or event in CHANGING | LEAVING | STARTING:
        for seen in _watching:
            seen.append((event, " ".join(map(repr, args))))


sys.addaudithook(_note)  # stays for as long as Python runs
