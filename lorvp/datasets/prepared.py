"""A prepared dataset: a folder of three files, of the same form for all datasets.

    images.npy     (N, H, W, 3) uint8, read through a memory map; train first, then val, then test
    labels.npy     (N,) int64 in 0..K-1
    manifest.json  class names, sizes of the splits, where the images come from, what was left out
                   or not used, images in two splits, how they were resized, a SHA-256 of both
                   files, what it was made from (``made_from.py``) and with

The folder appears whole or not at all (``write.py``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from lorvp.datasets import duplicates
from lorvp.datasets.labelled_images import LabelledImages
from lorvp.datasets.manifest import SPLITS, read_manifest
from lorvp.datasets.pixels.view import View
from lorvp.errors import InputError
from lorvp.files.whole import canonical, sha256


@dataclass(frozen=True)
class Prepared:
    """A prepared dataset on disk."""

    folder: Path
    class_names: list[str]
    digest: str
    """A hash over everything that can change a result: the files' checksums, class names, sizes of
    splits, and how an image becomes one like these."""

    checksums: dict[str, str]

    sizes: dict[str, int]
    """Images of each split."""
    view: View | None
    """How an image of any size becomes one like these."""
    left_out: list[str]
    """Image files that could not be read and were left out, and why."""
    not_used: dict[str, dict]
    """Other files in the folder of the images, by their kind: how many, and the first."""
    notes: list[str]
    """Sentences about the images that the user should read."""
    interpolation: str | None
    """How images were resized when they were stored; None if none was."""

    def split(self, name: str) -> LabelledImages:
        """The images of one split; each stays on disk until it is used.

        Raises:
            InputError: a file is damaged. The images may be many gigabytes, so only their number
                is checked here; ``require_whole`` reads them.
        """
        rows = self._rows(name)
        try:
            # Copy on write, since torch has no tensors that are read-only.
            images_NHWC = np.load(self.folder / "images.npy", mmap_mode="c")
        except (ValueError, EOFError) as error:
            raise InputError(f"{self.folder / 'images.npy'} is damaged: {error}") from error
        labels_N = self._small("labels")
        if len(images_NHWC) != len(labels_N):
            raise InputError(f"{self.folder / 'images.npy'} is damaged: it has other images")
        return LabelledImages(torch.from_numpy(images_NHWC[rows]), torch.from_numpy(labels_N[rows]))

    def require_whole(self) -> None:
        """Read all images and compare their checksum.

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
        """Names of the classes without an image in ``split``."""
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
    manifest = read_manifest(path)
    missing = [name for name in manifest["files"] if not (folder / name).is_file()]
    if missing:
        raise InputError(f"{folder} is incomplete: {', '.join(missing)} missing")
    identity = {key: manifest[key] for key in ("class_names", "sizes", "files", "view")}
    digest = hashlib.sha256(canonical(identity)).hexdigest()
    found = manifest.get("duplicates", {}), manifest.get("of_two_classes", {})
    return Prepared(
        folder,
        manifest["class_names"],
        digest,
        manifest["files"],
        manifest["sizes"],
        manifest["view"] and View.model_validate(manifest["view"]),
        manifest["left_out"],
        manifest.get("not_used", {}),
        [*manifest.get("notes", []), *duplicates.told(*found)],
        manifest.get("interpolation"),
    )
