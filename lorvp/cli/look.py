"""`lorvp show` and `lorvp compare`: settings and accuracies of trained prompts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lorvp.cli.arguments import Checkpoints, Json, Prompt
from lorvp.errors import InputError
from lorvp.text.printable import printable


def show(
    prompt: Prompt,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw the prompt: a PNG or SVG.")
    ] = None,
    checkpoints: Checkpoints = None,
    as_json: Json = False,
) -> None:
    """Show what a prompt is, and its accuracy."""
    from lorvp.deployment.load import local, read

    folder = local(prompt)
    record = read(folder)
    if as_json:
        print(json.dumps(record))
    else:
        print(_as_text(record))
    if picture:
        _draw(folder, record, checkpoints, picture)


def compare(prompts: list[Path], as_json: Json = False) -> None:
    """A table of PROMPTS: folders of trained prompts, or a folder of such folders.

    Seeds stand together, the best on validation images first, as `lorvp predict` chooses.
    """
    from lorvp.deployment.load import prompts_in, read, taken, trial_of
    from lorvp.results.tables import markdown
    from lorvp.results.tables.folders import ranking, to_read

    folders = [folder for given in prompts for folder in prompts_in(given)]
    records = {folder: read(folder) for folder in folders}
    trials = {folder: trial_of(record) for folder, record in records.items()}
    found = ranking(records, trials, taken(records))
    print(json.dumps(found.to_dicts()) if as_json else markdown(to_read(found)))


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


def _as_text(record: dict) -> str:
    names, network = record["task"]["class_names"], record["network"]
    lines = {
        **_row(record),
        "classes": f"{len(names)}: {', '.join(names[:10])}{', …' if len(names) > 10 else ''}",
        "network": f"{network['name']}: {network['architecture']}, {network['source']}",
        "settings": json.dumps(record["identity"]["settings"]),
        **_packages(record),
        "fingerprint": record["fingerprint"],
    }
    return "\n".join(f"{key:<15} {printable(str(value))}" for key, value in lines.items())


def _packages(record: dict) -> dict[str, str]:
    """Other people's packages whose kinds it has."""
    named = [f"{name} {version}" for name, version in record.get("packages", {}).items()]
    return {"kinds from": ", ".join(named)} if named else {}


def _draw(folder: Path, record: dict, checkpoints: Path | None, picture: Path) -> None:
    """Save a picture of the prompt on mid-grey."""
    from lorvp.deployment.load import network_of, state_of, trial_of
    from lorvp.networks import checkpoint
    from lorvp.results import pictures
    from lorvp.results.pictures import arrays

    if not record["summary"]["content_values"]:
        raise InputError(f"{folder}: this method adds nothing to the image, so it has no picture")
    manifest = checkpoint.read_manifest(network_of(folder, record, checkpoints))
    row = arrays.on_grey(record["name"], trial_of(record), state_of(folder), manifest)
    pictures.save(pictures.prompt_gallery([row]), picture)
