"""A prepared dataset: one folder, the same whatever it was made from.

images.npy     (N, H, W, 3) uint8, read through a memory map; train first, then val, then test
labels.npy     (N,) int64 in 0..K-1
manifest.json  class names, sizes of the splits, where the images come from, what was left out or
               not used, images in two splits, how they were resized, a SHA-256 of both files,
               what it was made from (``made_from.py``) and with
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor

from lorvp.datasets import duplicates
from lorvp.datasets.pixels.view import View
from lorvp.errors import InputError
from lorvp.files import strict_json
from lorvp.files.whole import canonical, sha256

SPLITS = ("train", "val", "test")

EVAL_BATCH = 256
"""Images that are looked at together where nothing is trained."""


@dataclass(frozen=True)
class LabelledImages:
    """images_NHWC (uint8) with labels_N (int64).

    Batches are given on ``device``; images that are too many for it stay where they are.
    """

    images_NHWC: Tensor
    labels_N: Tensor
    device: torch.device = torch.device("cpu")

    def __len__(self) -> int:
        return len(self.labels_N)

    def to(self, device: torch.device | str) -> LabelledImages:
        """Batches on ``device`` from now on."""
        device = torch.device(device)
        images_NHWC = self.images_NHWC
        if _has_room(device, images_NHWC.nbytes):
            images_NHWC = images_NHWC.to(device)
        return LabelledImages(images_NHWC, self.labels_N.to(device), device)

    def batch(self, rows: Tensor | slice) -> tuple[Tensor, Tensor]:
        """images_BHWC and labels_B of some rows."""
        images_BHWC = self.images_NHWC[rows]
        if self.device.type == "cuda" and not images_BHWC.is_cuda:
            images_BHWC = images_BHWC.pin_memory()
        return images_BHWC.to(self.device, non_blocking=True), self.labels_N[rows]

    def batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All of them in order."""
        for start in range(0, len(self), EVAL_BATCH):
            yield self.batch(slice(start, start + EVAL_BATCH))


def _has_room(device: torch.device, size: int) -> bool:
    """Whether so many bytes are less than half of what is free; the network needs the rest."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return size < free / 2


@dataclass(frozen=True)
class Prepared:
    """A prepared dataset on disk."""

    folder: Path
    class_names: list[str]
    digest: str
    """Identifies all of the dataset that can change a result: a hash over the files' checksums,
    class names, sizes of splits and how an image becomes one like these."""

    checksums: dict[str, str]

    sizes: dict[str, int]
    """Images of each split."""
    view: View | None
    """How an image of any size becomes one like these."""
    left_out: list[str]
    """Files that were left out since they cannot be read, and why."""
    not_used: dict[str, dict]
    """Other files that lie there, by what they are: how many, and the first."""
    notes: list[str]
    """What the user should know of the images, as sentences."""
    interpolation: str | None
    """How images were resized when they were stored; None if they have the size that they had."""

    def split(self, name: str) -> LabelledImages:
        """The images of one split, which stay on disk until they are looked at.

        Raises:
            InputError: a file is damaged. Of the images, which may be many gigabytes, only the
                size is looked at.
        """
        rows = self._rows(name)
        try:
            # Copy on write, since torch knows no arrays that cannot be written to.
            images_NHWC = np.load(self.folder / "images.npy", mmap_mode="c")
        except (ValueError, EOFError) as error:
            raise InputError(f"{self.folder / 'images.npy'} is damaged: {error}") from error
        labels_N = self._small("labels")
        if len(images_NHWC) != len(labels_N):
            raise InputError(f"{self.folder / 'images.npy'} is damaged: it has other images")
        return LabelledImages(torch.from_numpy(images_NHWC[rows]), torch.from_numpy(labels_N[rows]))

    def require_whole(self) -> None:
        """Read all of the images, which ``split`` does not.

        Raises:
            InputError: a byte is not as it was stored.
        """
        path = self.folder / "images.npy"
        if sha256(path) != self.checksums[path.name]:
            raise InputError(
                f"{path} is damaged: its SHA-256 is not the one in manifest.json; remove "
                f"{self.folder}, and `dvc repro` makes it again"
            )

    def classes_without(self, split: str) -> list[str]:
        """Names of the classes of which ``split`` has no image."""
        present = set(self._small("labels")[self._rows(split)].tolist())
        return [name for k, name in enumerate(self.class_names) if k not in present]

    def _rows(self, name: str) -> slice:
        start = sum(self.sizes[split] for split in SPLITS[: SPLITS.index(name)])
        return slice(start, start + self.sizes[name])

    def _small(self, name: str) -> np.ndarray:
        path = self.folder / f"{name}.npy"
        if sha256(path) != self.checksums[path.name]:
            raise InputError(f"{path} is damaged: its SHA-256 is not the one in manifest.json")
        return np.load(path)


def read(folder: Path) -> Prepared:
    """Open the dataset in ``folder``.

    Raises:
        InputError: there is no manifest, or a file is missing from the folder.
    """
    path = folder / "manifest.json"
    if not path.exists():
        raise InputError(f"{folder} is not a prepared dataset: it has no manifest.json")
    manifest = _manifest(path)
    missing = [name for name in manifest["files"] if not (folder / name).is_file()]
    if missing:
        raise InputError(f"{folder} is incomplete: {', '.join(missing)} missing")
    identity = {key: manifest[key] for key in ("class_names", "sizes", "files", "view")}
    digest = hashlib.sha256(canonical(identity)).hexdigest()
    return Prepared(
        folder,
        manifest["class_names"],
        digest,
        manifest["files"],
        manifest["sizes"],
        manifest["view"] and View.model_validate(manifest["view"]),
        manifest["left_out"],
        manifest.get("not_used", {}),
        [*manifest.get("notes", []), *duplicates.told(*_twins(manifest))],
        manifest.get("interpolation"),
    )


def _twins(manifest: dict) -> tuple[dict, dict]:
    return manifest.get("duplicates", {}), manifest.get("of_two_classes", {})


Number = Annotated[int, Field(ge=0, le=10**12)]


class _Twins(BaseModel):
    model_config = ConfigDict(strict=True)

    images: Number
    first: list[str]


_Pair = Annotated[str, Field(pattern=r"^\w+, \w+$")]
"""Of splits, such as "train, test"."""


class _Unused(BaseModel):
    model_config = ConfigDict(strict=True)

    files: Number
    first: str


class _Manifest(BaseModel):
    """What is read of manifest.json, which may have come with `dvc pull`."""

    model_config = ConfigDict(strict=True)

    class_names: Annotated[list[str], Field(min_length=1)]
    sizes: dict[Literal["train", "val", "test"], Number]
    files: dict[Literal["images.npy", "labels.npy"], str]
    view: View | None
    left_out: list[str]
    not_used: dict[str, _Unused] = {}
    notes: list[str] = []
    duplicates: dict[_Pair, _Twins] = {}
    of_two_classes: dict[_Pair, _Twins] = {}
    interpolation: str | None = None


def _manifest(path: Path) -> dict:
    try:
        manifest = strict_json.read(path)
        found = _Manifest.model_validate(manifest)
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"]))
        raise InputError(f"{path} is damaged or of another version: {key or 'all'}") from error
    if len(found.sizes) < len(SPLITS) or len(found.files) < 2:
        raise InputError(f"{path} is damaged or of another version: sizes and files are not whole")
    return manifest
