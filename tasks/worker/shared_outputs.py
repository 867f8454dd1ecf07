"""Where trials of one run share outputs of networks without a prompt."""

from __future__ import annotations

import shutil

from tasks.paths import WORK

FOLDER = WORK / "outputs"


def clear() -> None:
    """Remove what is kept; a run begins and ends with nothing."""
    shutil.rmtree(FOLDER, ignore_errors=True)
