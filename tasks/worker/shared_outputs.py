"""The folder in which trials of one run share outputs of networks without a prompt."""

from __future__ import annotations

import shutil

from tasks.paths import WORK

FOLDER = WORK / "outputs"


def clear() -> None:
    """Remove the shared outputs: a run begins and ends without any."""
    shutil.rmtree(FOLDER, ignore_errors=True)
