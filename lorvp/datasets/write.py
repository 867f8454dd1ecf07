"""Store what an adapter delivers as a prepared dataset (its files: ``prepared.py``)."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from lorvp.datasets import duplicates
from lorvp.datasets.folders.not_used import below
from lorvp.datasets.manifest import SPLITS
from lorvp.datasets.pixels.files import BrokenImageError
from lorvp.datasets.pixels.view import View
from lorvp.datasets.source import Images, Source
from lorvp.errors import InputError
from lorvp.files.whole import naming_full_disk, reserve, sha256, to_json, whole_folder

CHUNK = 64
"""Images that one thread stores before progress is reported."""


def write(
    folder: Path,
    source: Source,
    work: Path | None = None,
    on_images: Callable[[int], None] = lambda number: None,
    threads: int | None = None,
) -> None:
    """Store ``source`` in ``folder``, whole or not at all, by way of a scratch folder in ``work``.

    ``on_images`` is called with the number of images stored since its last call.

    Raises:
        InputError: some images cannot be read, and ``source`` does not skip them; all are named.
        OSError: the disk is too small; raised before the first image is stored.
    """
    rows = np.concatenate([source.splits[name] for name in SPLITS]).astype(np.int64)
    split_N = np.repeat(np.arange(3), [len(source.splits[name]) for name in SPLITS])
    whole = whole_folder(folder, work, keep_others=True)
    with whole as scratch, naming_full_disk(scratch.parent):
        path = scratch / "images.npy"
        keys_N = np.zeros(len(rows), dtype=np.uint64)
        broken = _write_images(path, source.images, rows, keys_N, on_images, threads)
        if broken and not source.skip_broken:
            raise InputError(_complaint(list(broken.values())))
        kept = np.array([n for n in range(len(rows)) if n not in broken], dtype=np.int64)
        _require_classes(source, rows[kept])
        if broken:
            _keep_images(path, kept)
        np.save(scratch / "labels.npy", source.labels_N[rows[kept]].astype(np.int64))
        left_out = [error.below(source.root) for error in broken.values()]
        found = _duplicates(source, rows[kept], split_N[kept], keys_N[kept], path)
        manifest = _manifest(source, split_N[kept], found, left_out, scratch)
        (scratch / "manifest.json").write_text(to_json(manifest))


def _manifest(
    source: Source, split_N: np.ndarray, found: dict, left_out: list[str], folder: Path
) -> dict:
    view = source.images.view
    return {
        "origin": source.origin,
        "protocol": source.protocol,
        **source.facts,
        "view": view and view.model_dump(mode="json", include={*View.model_fields}),
        "class_names": source.class_names,
        "sizes": {name: int((split_N == k).sum()) for k, name in enumerate(SPLITS)},
        "interpolation": view.interpolation if view and source.images.resized else None,
        **found,
        "left_out": left_out,
        "files": {name: sha256(folder / name) for name in ("images.npy", "labels.npy")},
    }


def _write_images(
    path: Path,
    images: Images,
    rows: np.ndarray,
    keys_N: np.ndarray,
    on_images: Callable[[int], None],
    threads: int | None,
) -> dict[int, BrokenImageError]:
    """Store the images of ``rows`` in ``path`` and write their keys into ``keys_N``.

    The result has an entry for each image that cannot be read: its index in ``rows``, and why.
    """
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
        chunks = [range(len(rows))[n : n + CHUNK] for n in range(0, len(rows), CHUNK)]
        for number in pool.map(store, chunks):
            on_images(number)
    stored.flush()
    return dict(sorted(broken.items()))


def _duplicates(
    source: Source, rows: np.ndarray, split_N: np.ndarray, keys_N: np.ndarray, path: Path
) -> dict[str, dict]:
    """The manifest's entries on images that occur more than once."""
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


def _require_classes(source: Source, kept: np.ndarray) -> None:
    """Require that a readable image of each class is left, among the rows ``kept``.

    Raises:
        InputError: all training images of a class are broken (all test images, where the dataset
            has no training images). Such a class could never be the right answer.
    """
    part = "train" if len(source.splits["train"]) else "test"
    wanted = source.splits[part]
    readable = np.intersect1d(wanted, kept)
    lost = np.setdiff1d(source.labels_N[wanted], source.labels_N[readable])
    if len(lost):
        names = ", ".join(source.class_names[k] for k in lost[:5])
        raise InputError(f"none of the {part} images can be read of: {names}")


def _keep_images(path: Path, places: np.ndarray) -> None:
    """Rewrite an array of images so that it holds only the images at ``places``."""
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
