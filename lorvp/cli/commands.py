"""The command line: use, look at, give away and compare trained prompts."""

from __future__ import annotations

import sys

import typer

from lorvp.cli.give import export, push
from lorvp.cli.look import compare, show
from lorvp.cli.predict import predict
from lorvp.errors import InputError
from lorvp.interrupts import INTERRUPTED
from lorvp.text.printable import printable

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)
for command in (predict, show, export, compare, push):
    app.command()(command)


def main() -> None:
    """Run the command that was typed. An InputError becomes a message and exit status 2."""
    try:
        app()
    except InputError as error:
        print("\n".join(map(printable, str(error).split("\n"))), file=sys.stderr)
        sys.exit(2)
    except SystemExit as end:
        if end.code == INTERRUPTED:  # typer ends without a word
            print("stopped", file=sys.stderr)
        raise


if __name__ == "__main__":
    main()
