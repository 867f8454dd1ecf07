"""A preset on a small scale: its methods and mappings on one tiny CLIP and tiny raw datasets."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lorvp.datasets import prepared
from lorvp.datasets.prepared import Prepared
from lorvp.datasets.write import write
from lorvp.experiment import yaml_file
from lorvp.experiment.params import Experiment, Params, WithOthers, check
from tests.support.datasets.layout import lay
from tests.support.datasets.layouts import layout

SIZES = {"image_size": 24, "width": 4, "side": 8, "rank": 2}
"""Settings of methods in pixels of 224, on a canvas of 32."""
SENTENCES = "descriptions/{dataset}_des.json"
FILES = {
    "attrvr": {"descriptive": SENTENCES, "distinctive": SENTENCES},
    "prm": {"descriptions": SENTENCES},
    "rvp": {"descriptions": SENTENCES},
}


def part_of(path: Path, network: str, datasets: Sequence[str]) -> dict[str, Any]:
    """The preset's contents with one of its networks, some of its datasets and one seed."""
    raw = json.loads(json.dumps(yaml_file.read(path).data))  # without aliases
    raw["datasets"] = {name: raw["datasets"][name] for name in datasets}
    raw["checkpoints"] = {network: raw["checkpoints"][network]}
    for block in raw["grid"].values():
        block |= {"dataset": list(datasets), "network": network, "seed": 0}
    return raw


def shrunk(raw: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The same grid, with small canvases, one epoch and raw files below ``folder``."""
    raw = json.loads(json.dumps(raw))
    for name, dataset in raw["datasets"].items():
        root = lay(layout(dataset["kind"]), folder / "raw" / name)
        raw["datasets"][name] = dataset | {"root": str(root), "shots": 2, "val_shots": 1}
        if "resize" in dataset:
            raw["datasets"][name]["size"] = 32
    for block in raw["grid"].values():
        for settings in block["method"].values() if isinstance(block["method"], dict) else ():
            settings |= {key: small for key, small in SIZES.items() if key in (settings or {})}
        kind = block["mapping"]
        if isinstance(kind, str) and kind in FILES:
            files = {key: str(folder / path) for key, path in FILES[kind].items()}
            block["mapping"] = {kind: files | {"per_class": 4}}
        block["training"] |= {"epochs": 1, "batch_size": 8}
    return raw


def experiment(raw: dict[str, Any]) -> Experiment[Params]:
    found, problems = check(raw, WithOthers)
    assert found is not None, problems
    return found


def made(params: Params, folder: Path) -> Iterator[tuple[str, Prepared]]:
    """Each dataset, prepared from its raw files, with sentences of our own for its classes."""
    (folder / "descriptions").mkdir()
    for name, config in params.datasets.items():
        write(folder / "datasets" / name, config.source())
        data = prepared.read(folder / "datasets" / name)
        told = {known: list(sentences(known)) for known in data.class_names}
        file = folder / SENTENCES.format(dataset=name)
        file.write_text(json.dumps(told))
        yield name, data


def sentences(name: str) -> Iterator[str]:
    for word in ("rough", "shiny", "narrow", "distant", "colourful"):
        yield f"something {word} that reminds many people of {name}"
