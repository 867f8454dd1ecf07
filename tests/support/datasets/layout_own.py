"""What users bring themselves: folders, and datasets in the form of the Hugging Face hub."""

from __future__ import annotations

import io

import pytest

from tests.support.datasets.layout import Layout
from tests.support.datasets.pictures import each, encoded

HUB = "uv sync --extra huggingface"
ANIMALS = ["big_cat", "dog", "zebra"]
ENDINGS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "bmp": "BMP", "JPG": "JPEG"}


def folder() -> Layout:
    """Folders of a user with files of several formats, some in deeper folders."""
    files = {"train/big_cat/notes.txt": b"not an image", "train/.cache/x.jpg": b"not a class"}
    for part, number in (("train", 5), ("test", 2)):
        for w in each(part, 3, number):
            ending, kind = list(ENDINGS.items())[w.index]
            deeper = "more/" if w.index == 1 else ""
            name = f"{part}/{ANIMALS[w.label]}/{deeper}{w.index}.{ending}"
            files[name] = encoded(w, kind, 30, 40)
    names = ["big cat", "dog", "zebra"]
    return Layout({"": files}, names, {"train": 5, "test": 2})


def folder_test() -> Layout:
    """Test images only."""
    files = {f"{ANIMALS[w.label]}/{w.index}.png": encoded(w, "PNG") for w in each("test", 3, 2)}
    return Layout({"": files}, ["big cat", "dog", "zebra"], {"test": 2})


def one_folder() -> Layout:
    """A folder for each class, without parts."""
    files = {f"{ANIMALS[w.label]}/{w.index}.png": encoded(w, "PNG") for w in each("all", 3, 10)}
    return Layout({"": files}, ["big cat", "dog", "zebra"], {"all": 10})


def huggingface() -> Layout:
    """Parquet files, as `push_to_hub` leaves them."""
    files = {
        f"data/{part}-00000-of-00001.parquet": _parquet(part, number)
        for part, number in (("train", 5), ("test", 2))
    }
    names = ["big cat", "dog", "zebra"]
    return Layout({"": files}, names, {"train": 5, "test": 2})


def _parquet(part: str, number: int) -> bytes:
    hub = pytest.importorskip("datasets", reason=HUB)
    rows = list(each(part, 3, number))
    table = {
        "image": [{"bytes": encoded(which, "PNG", 30, 40), "path": None} for which in rows],
        "label": [which.label for which in rows],
    }
    features = hub.Features({"image": hub.Image(), "label": hub.ClassLabel(names=ANIMALS)})
    file = io.BytesIO()
    hub.Dataset.from_dict(table, features).to_parquet(file)
    return file.getvalue()
