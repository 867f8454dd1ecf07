"""Compare ways of adapting a frozen vision model: run experiments, and use what they trained."""

from __future__ import annotations

import sys

import typer

from lorvp.cli.give import export, push
from lorvp.cli.look import compare, show
from lorvp.cli.pipeline import add_to
from lorvp.cli.predict import predict
from lorvp.errors import InputError
from lorvp.interrupts import INTERRUPTED
from lorvp.text.printable import printable

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
add_to(app)
for command in (compare, predict, show, export, push):
    app.command(rich_help_panel="Trained prompts")(command)


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
