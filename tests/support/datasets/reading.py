"""Read a file that may be no image: its pixels, or one line that names it."""

from __future__ import annotations

import signal
import warnings
from pathlib import Path

import numpy as np

from lorvp.datasets.pixels.files import BrokenImageError, read_image
from lorvp.datasets.pixels.view import View

PATIENCE = 10
"""Seconds for one file, which takes milliseconds; the fixture ``impatient`` ends the test then."""


def is_image_or_one_line(path: Path, view: View) -> bool:
    """Whether it can be read; if not, the message is held to one short line."""
    signal.alarm(PATIENCE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of what it finds odd
        try:
            image_HWC = read_image(path, view)
        except BrokenImageError as error:
            message = str(error)
            assert message.startswith(f"{path} is no image that can be read: ")
            assert message.isprintable()
            assert len(message) < 500
            return False
    assert (image_HWC.shape, image_HWC.dtype) == ((view.size, view.size, 3), np.uint8)
    return True
