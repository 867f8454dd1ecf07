"""manifest.json of a prepared dataset: its schema, checked when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lorvp.datasets.pixels.view import View
from lorvp.errors import InputError
from lorvp.files import strict_json

SPLITS = ("train", "val", "test")
"""In this order images are stored."""

Number = Annotated[int, Field(ge=0, le=10**12)]


class _Duplicates(BaseModel):
    model_config = ConfigDict(strict=True)

    images: Number
    first: list[str]


_Pair = Annotated[str, Field(pattern=r"^\w+, \w+$")]
"""Two splits, such as "train, test"."""


class _Unused(BaseModel):
    model_config = ConfigDict(strict=True)

    files: Number
    first: str


class _Manifest(BaseModel):
    """The entries that we read. The file may have come with `dvc pull`."""

    model_config = ConfigDict(strict=True)

    class_names: Annotated[list[str], Field(min_length=1)]
    sizes: dict[Literal["train", "val", "test"], Number]
    files: dict[Literal["images.npy", "labels.npy"], str]
    view: View | None
    left_out: list[str]
    not_used: dict[str, _Unused] = {}
    notes: list[str] = []
    duplicates: dict[_Pair, _Duplicates] = {}
    of_two_classes: dict[_Pair, _Duplicates] = {}
    interpolation: str | None = None


def read_manifest(path: Path) -> dict:
    """The entries of a manifest as plain data.

    Raises:
        InputError: it is no JSON, or an entry is missing or of another type.
    """
    try:
        manifest = strict_json.read(path)
        found = _Manifest.model_validate(manifest)
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"]))
        raise InputError(f"{path} is damaged or of another version: {key or 'all'}") from error
    if len(found.sizes) < len(SPLITS) or len(found.files) < 2:
        raise InputError(f"{path} is damaged or of another version: sizes and files are not whole")
    return manifest
