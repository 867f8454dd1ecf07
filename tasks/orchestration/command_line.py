"""The flows as programs: typer reads their arguments, and what a user can mend is one message."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import typer

from tasks.errors import for_people


def run(main: Callable[..., object], stopped: str = "stopped") -> None:
    """Call ``main`` with the arguments of the command line and end the process.

    Its parameters say which arguments there are; the docstring of its module is the help. A Ctrl-C
    prints ``stopped``.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

    @wraps(main)
    def with_messages(*arguments: object, **options: object) -> None:
        with for_people(stopped):
            main(*arguments, **options)

    app.command(help=main.__globals__["__doc__"])(with_messages)
    app()
