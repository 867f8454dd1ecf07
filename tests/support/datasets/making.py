"""Prepare a dataset as the pipeline does, and read images back from the stored pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
from pydantic import TypeAdapter

from lorvp.datasets import prepared
from lorvp.datasets.adapters import DatasetConfig
from lorvp.datasets.download import Archive
from lorvp.datasets.prepared import Prepared
from lorvp.datasets.write import write
from tests.support.datasets.layout import Layout, packed
from tests.support.datasets.layout_objects import TASK
from tests.support.datasets.pictures import Which, read
from tests.support.datasets.server import Server

SIZE = {"size": 16}
"""A small size, for the kinds that have one."""


def config(kind: str, **settings: Any) -> Any:
    """The settings of a dataset, checked as those of params.yaml are."""
    asked: dict[str, Any] = dict(SIZE) if "size" in class_of(kind).model_fields else {}
    needed = {"of": "imagenet", "task": TASK}
    asked |= {key: needed[key] for key in needed.keys() & class_of(kind).model_fields.keys()}
    return TypeAdapter(DatasetConfig).validate_python({"kind": kind, **asked, **settings})


def class_of(kind: str) -> Any:
    """The settings class of a kind of dataset."""
    return {k.model_fields["kind"].default: k for k in get_args(get_args(DatasetConfig)[0])}[kind]


def make(folder: Path, kind: str, **settings: Any) -> Prepared:
    """Prepare a dataset in ``folder``."""
    write(folder, config(kind, **settings).source())
    return prepared.read(folder)


def offered(kind: str, layout: Layout, server: Server) -> list[dict[str, str | None]]:
    """Settings of the kind's archives with the addresses of ``server``, which then has them."""
    assert [archive.name for archive in published(kind)] == list(layout.archives)
    server.files |= {name: packed(name, content) for name, content in layout.archives.items()}
    return [
        archive.model_dump() | {"url": f"{server.url}/{archive.name}", "hash": None}
        for archive in published(kind)
    ]


def published(kind: str) -> list[Archive]:
    """The archives that a kind downloads."""
    return class_of(kind).model_fields["archives"].default


def seen(data: Prepared) -> dict[str, list[Which]]:
    """The images of each split, read from their pixels; fails where labels say otherwise."""
    found = {}
    for split in ("train", "val", "test"):
        images = data.split(split)
        rows = [read(image.numpy()) for image in images.images_NHWC]
        assert [which.label for which in rows] == images.labels_N.tolist(), split
        found[split] = rows
    return found


def per_class(rows: list[Which], classes: int) -> list[int]:
    """The number of images of each class."""
    return np.bincount([which.label for which in rows], minlength=classes).tolist()
