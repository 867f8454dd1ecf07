"""`lorvp export` and `lorvp push`: trained prompts for use elsewhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lorvp.cli.arguments import Checkpoints, Prompt
from lorvp.text.printable import printable


class Form(StrEnum):
    """Forms in which a prompt is exported."""

    bundle = "bundle"
    timm = "timm"
    onnx = "onnx"
    torch = "torch"


def export(
    prompt: Prompt,
    target: Path,
    form: Annotated[Form, typer.Option(help="bundle: with its network, for lorvp.load.")] = (
        Form.bundle
    ),
    checkpoints: Checkpoints = None,
) -> None:
    """Write a prompt for use elsewhere. timm: a plain timm network with the prompt in its weights;
    onnx, torch: a graph that reads images on the network's canvas."""
    from lorvp.deployment import bundle as bundles
    from lorvp.deployment import graphs
    from lorvp.deployment.load import load, local

    if form is Form.bundle:
        bundles.bundle(local(prompt), target, checkpoints)
    else:
        write = {"timm": bundles.to_timm, "onnx": graphs.write_onnx, "torch": graphs.write_torch}
        write[form](load(prompt, checkpoints), target)
    print(printable(target))


def push(
    folder: Path,
    repository: Annotated[str, typer.Argument(help="user/name")],
    public: Annotated[bool, typer.Option(help="For everybody to see.")] = False,
) -> None:
    """Upload an exported bundle to the Hugging Face hub."""
    from lorvp.deployment.bundle import push as upload

    print(upload(folder, repository, private=not public))
