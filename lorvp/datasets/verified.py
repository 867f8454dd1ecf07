"""Stored images are read in full once in a run before anything is trained on them.

A bit that flips on a disk changes no time and no size, and results on other images would outlive
the repair. Reading goes at 0.5 to 2 GB/s, so it is not done for each trial: a note says of which
file it was done, by what any write to it would change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from lorvp.datasets.prepared import Prepared
from lorvp.files.whole import canonical

LARGE = 4e9
"""Bytes that take long enough to say so."""


def require_whole(
    data: Prepared, notes: Path, tell: Callable[[str], object] = lambda line: None
) -> None:
    """Read the images, unless a process that shares the folder ``notes`` has.

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
