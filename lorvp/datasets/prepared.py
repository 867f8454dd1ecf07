"""A prepared dataset: one folder, the same whatever it was made from.

images.npy     (N, H, W, 3) uint8, read through a memory map
labels.npy     (N,) int64 in 0..K-1
train.npy, val.npy, test.npy     (n,) int64, rows of the three splits, which never overlap
manifest.json  class names, where the images come from, a SHA-256 of every file
"""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lorvp.errors import InputError
from lorvp.files import canonical, sha256, to_json, whole_folder

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class LabelledImages:
    """images_NHWC (uint8) with labels_N (int64), on one device."""

    images_NHWC: Tensor
    labels_N: Tensor

    def __len__(self) -> int:
        return len(self.labels_N)

    def to(self, device: torch.device | str) -> LabelledImages:
        return LabelledImages(self.images_NHWC.to(device), self.labels_N.to(device))


@dataclass(frozen=True)
class Source:
    """What an adapter delivers: all images and labels, and the rows of each split."""

    images_NHWC: np.ndarray
    labels_N: np.ndarray
    splits: dict[str, np.ndarray]
    class_names: list[str]
    origin: str
    """Where the images come from and under which licence, for the manifest."""


@dataclass(frozen=True)
class Prepared:
    """A prepared dataset on disk."""

    folder: Path
    class_names: list[str]
    digest: str
    """Identifies the bytes of the dataset: a hash over the files' checksums and class names."""

    checksums: dict[str, str]

    def split(self, name: str) -> LabelledImages:
        """Read the images of one split, and only these.

        Raises:
            InputError: a file is damaged. Of the images, which may be many gigabytes, only the
                size is looked at.
        """
        rows, labels_N = self._small(name), self._small("labels")
        try:
            images_NHWC = np.load(self.folder / "images.npy", mmap_mode="r")[rows]
        except (ValueError, IndexError) as error:
            raise InputError(f"{self.folder / 'images.npy'} is damaged: {error}") from error
        return LabelledImages(torch.from_numpy(images_NHWC), torch.from_numpy(labels_N[rows]))

    def classes_without(self, split: str) -> list[str]:
        """Names of the classes of which ``split`` has no image."""
        present = set(self._small("labels")[self._small(split)].tolist())
        return [name for k, name in enumerate(self.class_names) if k not in present]

    def _small(self, name: str) -> np.ndarray:
        path = self.folder / f"{name}.npy"
        if sha256(path) != self.checksums[path.name]:
            raise InputError(f"{path} is damaged: its SHA-256 is not the one in manifest.json")
        return np.load(path)


def write(folder: Path, source: Source, work: Path | None = None) -> None:
    """Store ``source`` in ``folder``, whole or not at all, by way of ``work``."""
    arrays = {"images": source.images_NHWC, "labels": source.labels_N} | source.splits
    with whole_folder(folder, work) as scratch:
        for name, array in arrays.items():
            np.save(scratch / f"{name}.npy", array, allow_pickle=False)
        manifest = {
            "origin": source.origin,
            "class_names": source.class_names,
            "sizes": {name: len(source.splits[name]) for name in SPLITS},
            "files": {f"{name}.npy": sha256(scratch / f"{name}.npy") for name in arrays},
        }
        (scratch / "manifest.json").write_text(to_json(manifest))


def read(folder: Path) -> Prepared:
    """Open the dataset in ``folder``.

    Raises:
        InputError: there is no manifest, or a file is missing from the folder.
    """
    path = folder / "manifest.json"
    if not path.exists():
        raise InputError(f"{folder} is not a prepared dataset: it has no manifest.json")
    manifest = _manifest(path)
    missing = [name for name in manifest["files"] if not (folder / name).exists()]
    if missing:
        raise InputError(f"{folder} is incomplete: {', '.join(missing)} missing")
    identity = {key: manifest[key] for key in ("class_names", "files")}
    digest = hashlib.sha256(canonical(identity)).hexdigest()
    return Prepared(folder, manifest["class_names"], digest, manifest["files"])


def _manifest(path: Path) -> dict:
    with suppress(ValueError, TypeError, KeyError):
        manifest = json.loads(path.read_text())
        if isinstance(manifest["files"], dict) and isinstance(manifest["class_names"], list):
            return manifest
    raise InputError(f"{path} is damaged or of another version")
