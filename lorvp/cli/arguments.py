"""Arguments that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Prompt = Annotated[
    str,
    typer.Argument(
        help="A prompt's folder, a folder of prompts (the best on validation images is taken), or "
        "user/name on the hub."
    ),
]
Checkpoints = Annotated[
    Path | None, typer.Option(help="Where frozen networks are; the project's own unless given.")
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]
