"""End on Ctrl-C with one word instead of a traceback."""

from __future__ import annotations

import sys
from types import TracebackType

INTERRUPTED = 130
"""The exit status by which shells tell that a program ended by Ctrl-C."""


def say_one_word() -> None:
    """From now on, an unhandled Ctrl-C prints "stopped" instead of a traceback.

    The process still ends by the signal, which a shell reports as exit status 130.
    """
    sys.excepthook = _in_short


def _in_short(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        print("stopped", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)
