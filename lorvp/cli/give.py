"""`lorvp export` and `lorvp push`: trained prompts for use elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lorvp.cli.arguments import Checkpoints, Prompt
from lorvp.deployment.form import Form
from lorvp.text.printable import printable


def export(
    prompt: Prompt,
    target: Path,
    form: Annotated[Form | None, typer.Option(help="In place of what the ending says.")] = None,
    checkpoints: Checkpoints = None,
) -> None:
    """Write a prompt for use elsewhere: a folder with its network, for lorvp.load; TARGET.onnx or
    TARGET.pt2, a graph that reads images on the network's canvas; --form timm, a plain timm network
    with the prompt in its weights."""
    from lorvp.deployment import forms

    forms.export(prompt, target, form, checkpoints)
    print(printable(target))


def push(
    folder: Path,
    repository: Annotated[str, typer.Argument(help="user/name")],
    public: Annotated[bool, typer.Option(help="For everybody to see.")] = False,
) -> None:
    """Upload an exported bundle to the Hugging Face hub."""
    from lorvp.deployment.bundle import push as upload

    print(upload(folder, repository, private=not public))
