"""`lorvp predict`: name what is on images."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track

from lorvp.cli.arguments import Checkpoints, Json, Prompt
from lorvp.errors import InputError
from lorvp.text.printable import printable

if TYPE_CHECKING:
    from lorvp.deployment.classifier import Answer, Classifier

CHUNK = 64
"""Images that are read before the first of them is answered."""


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
    from lorvp.deployment.load import load, local

    folder = local(prompt)
    if folder != Path(prompt):
        print(f"with {printable(folder)}", file=sys.stderr)
    files, problems = _image_files(images)
    answers = list(_answers(load(folder, checkpoints, device), files))
    problems += [str(answer) for _, answer in answers if isinstance(answer, InputError)]
    found = [(file, answer) for file, answer in answers if not isinstance(answer, InputError)]
    if as_json:
        print(json.dumps([{"image": str(file), **asdict(answer)} for file, answer in found]))
    else:
        _print_lines(found)
    for problem in problems:
        print(printable(problem), file=sys.stderr)
    if problems:
        raise typer.Exit(1)


def _answers(
    classifier: Classifier, files: list[Path]
) -> Iterator[tuple[Path, Answer | InputError]]:
    """Each file with its prediction, or with why it cannot be read; a bar shows the progress."""
    chunks = [files[n : n + CHUNK] for n in range(0, len(files), CHUNK)]
    terminal = Console(stderr=True)
    hidden = len(chunks) < 2 or not terminal.is_terminal
    for chunk in track(chunks, "images", console=terminal, disable=hidden):
        yield from zip(chunk, classifier.predict_readable(chunk), strict=True)


def _print_lines(found: list[tuple[Path, Answer]]) -> None:
    for file, answer in found:
        print(f"{printable(file)}  {printable(answer.name)}  {answer.confidence:.1%}")


def _image_files(given: list[Path]) -> tuple[list[Path], list[str]]:
    """The files to classify, and a sentence for each folder that cannot be read or has no image.

    Files in these folders that are no images are counted on stderr.
    """
    from lorvp.datasets.folders.not_used import facts, told
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
