"""The flows as programs: typer reads their arguments, and what a user can mend is one message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import typer

from lorvp.errors import InputError
from tasks.errors import for_people

ANY_OPTION = {"ignore_unknown_options": True}
"""Settings of a program that gives its arguments to another one."""


def run(
    main: Callable[..., object],
    stopped: str = "stopped",
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    then: Callable[[], object] = lambda: None,
) -> None:
    """Call ``main`` with the arguments of the command line, ``then`` what is given, and end the
    process.

    Its parameters say which arguments there are; the docstring of its module is the help. A Ctrl-C
    prints ``stopped``. ``name`` is what a user types, unless that is `python -m MODULE`.
    """
    _app(main, stopped, main.__globals__["__doc__"], settings, then)(prog_name=name)


def refuse(about: str | None, instead: str) -> None:
    """End the process of a module that only others import: with ``about`` if help is asked for,
    else with what to run ``instead``."""

    def main() -> None:
        raise InputError(f"this module is no program; {instead}")

    _app(main, "stopped", f"{about}\n\nNo program: {instead}.")()


def _app(
    main: Callable[..., object],
    stopped: str,
    about: str | None,
    settings: Mapping[str, Any] | None = None,
    then: Callable[[], object] = lambda: None,
) -> typer.Typer:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)

    @wraps(main)
    def with_messages(*arguments: object, **options: object) -> None:
        with for_people(stopped):
            main(*arguments, **options)
            then()

    app.command(help=about, context_settings=dict(settings or {}))(with_messages)
    return app
