"""The command line: use, look at, give away and compare trained prompts."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from lorvp.errors import InputError

INTERRUPTED = 130

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__
)

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


class Form(StrEnum):
    """What a prompt is exported as."""

    bundle = "bundle"
    timm = "timm"
    onnx = "onnx"
    torch = "torch"


@app.command()
def predict(
    prompt: Prompt,
    images: list[Path],
    checkpoints: Checkpoints = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps.")] = "cpu",
    as_json: Json = False,
) -> None:
    """Name what is on IMAGES (files, or folders of them).

    Exit status 1 if a file cannot be read or a folder has no image; the others are answered.
    """
    from lorvp.datasets.folders.not_used import printable
    from lorvp.deployment.load import load, local
    from lorvp.text.names import visible

    folder = local(prompt)
    if folder != Path(prompt):
        print(f"with {folder}", file=sys.stderr)
    files, problems = _image_files(images)
    classifier = load(folder, checkpoints, device)
    chunks = [files[n : n + 64] for n in range(0, len(files), 64)]
    answers = [
        answer
        for chunk in tqdm(chunks, "images", disable=None if len(chunks) > 1 else True)
        for answer in classifier.predict_readable(chunk)
    ]
    both = list(zip(files, answers, strict=True))
    problems += [str(answer) for _, answer in both if isinstance(answer, InputError)]
    found = [(file, answer) for file, answer in both if not isinstance(answer, InputError)]
    if as_json:
        print(json.dumps([{"image": str(file), **asdict(answer)} for file, answer in found]))
    else:
        for file, answer in found:
            print(f"{printable(file)}  {visible(answer.name)}  {answer.confidence:.1%}")
    for problem in problems:
        print(visible(problem), file=sys.stderr)
    if problems:
        raise typer.Exit(1)


@app.command()
def show(
    prompt: Prompt,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw the prompt: a PNG or SVG.")
    ] = None,
    checkpoints: Checkpoints = None,
    as_json: Json = False,
) -> None:
    """Tell what a prompt is and how well it does."""
    from lorvp.deployment.load import local, read

    folder = local(prompt)
    record = read(folder)
    if as_json:
        print(json.dumps(record))
    else:
        print(_told(record))
    if picture:
        _draw(folder, record, checkpoints, picture)


@app.command()
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
    print(target)


@app.command()
def compare(prompts: list[Path], as_json: Json = False) -> None:
    """A table of PROMPTS: folders of trained prompts, or a folder of such folders."""
    import polars as pl

    from lorvp.deployment.load import prompts_in, read
    from lorvp.results.tables import markdown

    folders = [folder for given in prompts for folder in prompts_in(given)]
    rows = [_row(read(folder)) | {"folder": str(folder)} for folder in folders]
    table = pl.DataFrame(rows).sort("dataset", "network", "test %", descending=[False, False, True])
    print(json.dumps(table.to_dicts()) if as_json else markdown(table))


@app.command()
def push(
    folder: Path,
    repository: Annotated[str, typer.Argument(help="user/name")],
    public: Annotated[bool, typer.Option(help="For everybody to see.")] = False,
) -> None:
    """Upload an exported bundle to the Hugging Face hub."""
    from lorvp.deployment.bundle import push as upload

    print(upload(folder, repository, private=not public))


def _image_files(given: list[Path]) -> tuple[list[Path], list[str]]:
    """Files to look at, and folders that have none; what else they have goes to stderr."""
    from lorvp.datasets.folders.not_used import facts, printable, told
    from lorvp.datasets.folders.tree import SUFFIXES, look

    files, problems = [], []
    for path in given:
        if not path.is_dir():
            files.append(path)
            continue
        try:
            tree = look(path)
        except OSError as error:
            problems.append(f"{printable(path)} cannot be looked into: {error.strerror}")
            continue
        files += tree.images
        rest = told(facts(tree.not_used, path))
        if not tree.images:
            endings = ", ".join(sorted(SUFFIXES))
            there = f"; {rest}" if rest else ""
            problems.append(f"{printable(path)} has no image ({endings}){there}")
        elif rest:
            print(f"{printable(path)}: {rest}", file=sys.stderr)
    return files, problems


def _row(record: dict) -> dict:
    summary = record["summary"]
    return {
        "prompt": record["name"],
        "dataset": record["task"]["dataset"],
        "network": record["network"]["name"],
        "val %": round(100 * summary["val_accuracy"], 2),
        "test %": round(100 * summary["test_accuracy"], 2),
        "trained values": summary["trained_values"],
        "seconds": round(summary["seconds"], 1),
    }


def _told(record: dict) -> str:
    from lorvp.text.names import visible

    names, network = record["task"]["class_names"], record["network"]
    lines = {
        **_row(record),
        "classes": f"{len(names)}: {', '.join(names[:10])}{', …' if len(names) > 10 else ''}",
        "network": f"{network['name']}: {network['architecture']}, {network['source']}",
        "settings": json.dumps(record["identity"]["settings"]),
        "fingerprint": record["fingerprint"],
    }
    return "\n".join(f"{key:<15} {visible(str(value))}" for key, value in lines.items())


def _draw(folder: Path, record: dict, checkpoints: Path | None, picture: Path) -> None:
    """The prompt on mid-grey."""
    import torch

    from lorvp.deployment.load import network_of, state_of, trial_of
    from lorvp.networks import checkpoint
    from lorvp.results import pictures
    from lorvp.results.pictures import arrays

    if not record["summary"]["content_values"]:
        raise InputError(f"{folder}: this method adds nothing to the image, so it has no picture")
    manifest = checkpoint.read_manifest(network_of(folder, record, checkpoints))
    grey_HWC = torch.full((*manifest.input_size, 3), 128, dtype=torch.uint8)
    state = state_of(folder)
    row = arrays.prompt_view(record["name"], trial_of(record), state, manifest, grey_HWC)
    pictures.save(pictures.prompt_gallery([row]), picture)


def main() -> None:
    """Entry point: what a user can mend is one message and exit status 2."""
    try:
        app()
    except InputError as error:
        from lorvp.text.names import visible

        print("\n".join(map(visible, str(error).split("\n"))), file=sys.stderr)
        sys.exit(2)
    except SystemExit as end:
        if end.code == INTERRUPTED:  # of which typer says nothing
            print("stopped", file=sys.stderr)
        raise


if __name__ == "__main__":
    main()
