"""Processes that we start and that have to end with the one that started them."""

from __future__ import annotations

import os
import threading
import time

EVERY = 1.0
"""Seconds from one look at the parent to the next."""


def end_with_parent(parent: int) -> None:
    """End this process soon after its ``parent`` (a PID) has ended, however that came about.

    A process that was killed cannot end those that it started.
    """
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(EVERY)
    os._exit(1)
