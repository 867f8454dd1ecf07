"""What an adapter delivers, and how it becomes a prepared dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from lorvp.datasets import duplicates
from lorvp.datasets.folders.not_used import below
from lorvp.datasets.pixels.decoding import SMALLEST, BrokenImageError, View
from lorvp.datasets.prepared import SPLITS
from lorvp.datasets.splits import Splits
from lorvp.errors import InputError
from lorvp.files.whole import naming_full_disk, reserve, sha256, to_json, whole_folder
from lorvp.text.names import require_class_names


class Sizes(NamedTuple):
    """Of a dataset that is not there yet, as far as they are known."""

    classes: int
    train: int
    val: int
    test: int


class Images(Protocol):
    """Images of one size, made when they are asked for."""

    @property
    def view(self) -> View | None:
        """How an image of any size becomes one of these; None where nobody has said."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        ...

    def __len__(self) -> int: ...

    @property
    def resized(self) -> Sequence[int]:
        """Rows that were read and had another size."""
        ...

    def __getitem__(self, row: int) -> np.ndarray:
        """(H, W, 3) uint8. Raises BrokenImageError, which names the file."""
        ...

    def name(self, row: int) -> Path:
        """The file, or what an image is called that is no file."""
        ...


@dataclass(frozen=True)
class ImageArray:
    """Images that are in memory already."""

    images_NHWC: np.ndarray

    @property
    def view(self) -> View | None:
        height, width = self.size
        return View(size=height) if height == width >= SMALLEST else None

    @property
    def size(self) -> tuple[int, int]:
        return self.images_NHWC.shape[1], self.images_NHWC.shape[2]

    def __len__(self) -> int:
        return len(self.images_NHWC)

    @property
    def resized(self) -> Sequence[int]:
        return ()

    def __getitem__(self, row: int) -> np.ndarray:
        return self.images_NHWC[row]

    def name(self, row: int) -> Path:
        return Path(f"image {row}")


@dataclass(frozen=True)
class Source:
    """What an adapter delivers: images and labels, and the rows of each split."""

    images: Images
    labels_N: np.ndarray
    splits: Splits
    class_names: list[str]
    origin: str
    """Where the images come from and under which licence, for the manifest."""
    protocol: str = ""
    """Whose splits these are, and where they differ from the published ones."""
    skip_broken: bool = False
    """Leave out images that cannot be read, and list them in the manifest."""
    root: Path = Path()
    """Below which the image files lie, so that the manifest is the same wherever that is."""
    facts: dict = field(default_factory=dict)
    """What else the manifest should tell."""

    def __post_init__(self) -> None:
        require_class_names(self.class_names)
        classes = len(self.class_names)
        strangers = np.setdiff1d(self.labels_N, np.arange(classes))
        if len(strangers):
            raise InputError(f"images have label {strangers[0]}, but there are {classes} classes")


def write(
    folder: Path,
    source: Source,
    work: Path | None = None,
    on_images: Callable[[int], None] = lambda number: None,
    threads: int | None = None,
) -> None:
    """Store ``source`` in ``folder``, whole or not at all, by way of ``work``.

    ``on_images`` is told how many more images have been stored.

    Raises:
        InputError: images that cannot be read, all of them named, unless they are skipped.
        OSError: the disk is full; said before the first image is stored.
    """
    rows = np.concatenate([source.splits[name] for name in SPLITS]).astype(np.int64)
    split = np.repeat(np.arange(3), [len(source.splits[name]) for name in SPLITS])
    whole = whole_folder(folder, work, keep_others=True)
    with whole as scratch, naming_full_disk(scratch.parent):
        keys_N = np.zeros(len(rows), dtype=np.uint64)
        broken = _write_images(
            scratch / "images.npy", source.images, rows, keys_N, on_images, threads
        )
        if broken and not source.skip_broken:
            raise InputError(_complaint(list(broken.values())))
        kept = np.array([n for n in range(len(rows)) if n not in broken], dtype=np.int64)
        _check_classes(source, rows[kept])
        if broken:
            _keep(scratch / "images.npy", kept)
        np.save(scratch / "labels.npy", source.labels_N[rows[kept]].astype(np.int64))
        view = source.images.view
        manifest = {
            "origin": source.origin,
            "protocol": source.protocol,
            **source.facts,
            "view": view and view.model_dump(mode="json", include={*View.model_fields}),
            "class_names": source.class_names,
            "sizes": {name: int((split[kept] == k).sum()) for k, name in enumerate(SPLITS)},
            "interpolation": view.interpolation if view and source.images.resized else None,
            **_twins(source, rows[kept], split[kept], keys_N[kept], scratch / "images.npy"),
            "left_out": [error.below(source.root) for error in broken.values()],
            "files": {n: sha256(scratch / n) for n in ("images.npy", "labels.npy")},
        }
        (scratch / "manifest.json").write_text(to_json(manifest))


def _write_images(
    path: Path,
    images: Images,
    rows: np.ndarray,
    keys_N: np.ndarray,
    on_images: Callable[[int], None],
    threads: int | None,
) -> dict[int, BrokenImageError]:
    """Store the images of ``rows`` and fill in their keys; the places of those that are broken, and
    why they are."""
    shape = (len(rows), *images.size, 3)
    stored = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    reserve(path)
    broken: dict[int, BrokenImageError] = {}

    def store(places: range) -> int:
        for place in places:
            try:
                stored[place] = image_HWC = images[int(rows[place])]
                keys_N[place] = duplicates.key(image_HWC)
            except BrokenImageError as error:
                broken[place] = error
        return len(places)

    # Threads: decoding and resizing run outside of Python's lock.
    with ThreadPoolExecutor(threads) as pool:
        chunks = [range(len(rows))[n : n + 64] for n in range(0, len(rows), 64)]
        for number in pool.map(store, chunks):
            on_images(number)
    stored.flush()
    return dict(sorted(broken.items()))


def _twins(
    source: Source, rows: np.ndarray, split_N: np.ndarray, keys_N: np.ndarray, path: Path
) -> dict[str, dict]:
    """What the manifest says of images that are there more than once."""
    images_NHWC = np.load(path, mmap_mode="r")
    labels_N = source.labels_N[rows]

    def name(n: int) -> str:
        return below(source.images.name(int(rows[n])), source.root)

    return {
        "duplicates": duplicates.between(keys_N, split_N, SPLITS, images_NHWC, name),
        "of_two_classes": duplicates.of_two_classes(
            keys_N, split_N, labels_N, SPLITS, images_NHWC, name
        ),
    }


def _check_classes(source: Source, kept: np.ndarray) -> None:
    """A class of which nothing is left would be an answer that is never right.

    Raises:
        InputError: all images of a class that are to be trained on are broken; or tested on,
            where none are to be trained on.
    """
    part = "train" if len(source.splits["train"]) else "test"
    wanted = source.splits[part]
    there = np.intersect1d(wanted, kept)
    lost = np.setdiff1d(source.labels_N[wanted], source.labels_N[there])
    if len(lost):
        names = ", ".join(source.class_names[k] for k in lost[:5])
        raise InputError(f"none of the {part} images can be read of: {names}")


def _keep(path: Path, places: np.ndarray) -> None:
    """Rewrite an array of images without those that are not in ``places``."""
    whole = np.load(path, mmap_mode="r")
    rest = path.with_name("kept.npy")
    shape = (len(places), *whole.shape[1:])
    kept = np.lib.format.open_memmap(rest, mode="w+", dtype=np.uint8, shape=shape)
    reserve(rest)
    for n, place in enumerate(places):
        kept[n] = whole[place]
    kept.flush()
    rest.replace(path)


def _complaint(broken: list[BrokenImageError]) -> str:
    advice = "replace them, or leave them out with `broken: skip`"
    return "\n  ".join([f"{len(broken)} images cannot be read; {advice}:", *map(str, broken)])
