"""Stored images are read in full once in a run before anything is trained on them.

A bit that flips on a disk changes neither time nor size, and results on damaged images would
outlive the repair. Reading takes a second for 0.5 to 2 GB, so it is not done for each trial: a note
that it was done is named after the file's inode, size and times, which any write changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from lorvp.datasets.prepared import Prepared
from lorvp.files.whole import canonical

LARGE = 4e9
"""Bytes above which the user is told that a file is read, since it takes seconds."""


def require_whole(
    data: Prepared, notes: Path, tell: Callable[[str], object] = lambda line: None
) -> None:
    """Read all images and compare their checksum, unless a note in ``notes`` says it was done.

    Raises:
        InputError: a byte is not as it was stored.
    """
    path = data.folder / "images.npy"
    found = path.stat()
    file = [found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
    name = hashlib.sha256(canonical([*file, data.checksums[path.name]])).hexdigest()[:20]
    notes.mkdir(parents=True, exist_ok=True)
    with FileLock(notes / f"{name}.lock"):
        if not (notes / name).exists():
            if found.st_size > LARGE:
                tell(f"reading {found.st_size / 1e9:,.0f} GB of {path} to see that it is whole")
            data.require_whole()
            (notes / name).touch()
