"""Train what params.yaml asks for and is not there yet, then make tables and the report.

This is `dvc repro` in the project's folder, and takes its arguments: names of stages to stop at,
`--dry`, `--force` and so on (`dvc repro --help`). What is finished is kept; after a failure or a
Ctrl-C the next run goes on.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from tasks.orchestration.command_line import ANY_OPTION, run

Arguments = Annotated[
    list[str] | None, typer.Argument(metavar="ARGUMENTS", help="As for `dvc repro`.")
]


def main(arguments: Arguments = None) -> None:
    """Become `dvc repro`."""
    command = [sys.executable, "-m", "dvc", "repro", *(arguments or [])]
    os.execv(sys.executable, command)


if __name__ == "__main__":
    run(main, name="lorvp run", settings=ANY_OPTION)
