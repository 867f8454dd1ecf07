"""Prepare a dataset as the pipeline does, and read from the stored pixels what came out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
from pydantic import TypeAdapter

from lorvp.datasets import prepared
from lorvp.datasets.adapters import DatasetConfig
from lorvp.datasets.download import Archive
from lorvp.datasets.prepared import Prepared
from lorvp.datasets.source import write
from tests.support.datasets.layout import Layout, packed
from tests.support.datasets.pictures import Which, read
from tests.support.datasets.server import Server

SIZE = {"size": 16}
"""Small, for those that ask for a size."""


def config(kind: str, **settings: Any) -> Any:
    """Settings as they would stand in params.yaml."""
    asked = SIZE if "size" in class_of(kind).model_fields else {}
    if "of" in class_of(kind).model_fields:
        asked = asked | {"of": "imagenet"}
    return TypeAdapter(DatasetConfig).validate_python({"kind": kind, **asked, **settings})


def class_of(kind: str) -> Any:
    return {k.model_fields["kind"].default: k for k in get_args(get_args(DatasetConfig)[0])}[kind]


def make(folder: Path, kind: str, **settings: Any) -> Prepared:
    """Store it in ``folder``."""
    write(folder, config(kind, **settings).source())
    return prepared.read(folder)


def offered(kind: str, layout: Layout, server: Server) -> list[dict[str, str | None]]:
    """The kind's own archives, from ``server``; their folders stay what they are."""
    assert [archive.name for archive in published(kind)] == list(layout.archives)
    server.files |= {name: packed(name, content) for name, content in layout.archives.items()}
    return [
        archive.model_dump() | {"url": f"{server.url}/{archive.name}", "hash": None}
        for archive in published(kind)
    ]


def published(kind: str) -> list[Archive]:
    """Where it is downloaded from, if it can be."""
    return class_of(kind).model_fields["archives"].default


def seen(data: Prepared) -> dict[str, list[Which]]:
    """What the pixels of each split say, after checking that the labels say the same."""
    found = {}
    for split in ("train", "val", "test"):
        images = data.split(split)
        rows = [read(image.numpy()) for image in images.images_NHWC]
        assert [which.label for which in rows] == images.labels_N.tolist(), split
        found[split] = rows
    return found


def per_class(rows: list[Which], classes: int) -> list[int]:
    return np.bincount([which.label for which in rows], minlength=classes).tolist()
