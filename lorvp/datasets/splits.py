"""Rows of train, val and test: drawn with a seed, or read from a paper's split file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from lorvp.errors import InputError
from lorvp.files.regular import regular

Splits = dict[str, np.ndarray]
"""Rows of train, val and test."""


def stratified(labels_N: np.ndarray, test: int, val: int, seed: int) -> Splits:
    """Sorted rows of train, val and test, each with every class in its proportion.

    Raises:
        InputError: a split would be too small to hold every class.
    """
    classes = len(np.unique(labels_N))
    if min(test, val, len(labels_N) - test - val) < classes:
        raise InputError(
            f"test: {test} and val: {val} of {len(labels_N)} images leave a split without room "
            f"for all {classes} classes"
        )
    from sklearn.model_selection import train_test_split  # a second that others need not wait

    rows = np.arange(len(labels_N))
    rest, test_rows = train_test_split(rows, test_size=test, stratify=labels_N, random_state=seed)
    train_rows, val_rows = train_test_split(
        rest, test_size=val, stratify=labels_N[rest], random_state=seed
    )
    return {"train": np.sort(train_rows), "val": np.sort(val_rows), "test": np.sort(test_rows)}


def per_class(
    rows_N: np.ndarray, labels_N: np.ndarray, seed: int, sizes: Callable[[int], Sequence[int]]
) -> list[np.ndarray]:
    """Divide ``rows_N``, which have ``labels_N``, into sorted parts, class by class, at random.

    ``sizes`` gives for a class of n images how many go to each part; the remaining images are in no
    part.
    """
    rng = np.random.default_rng(seed)
    parts = [[rows_N[:0] for _ in sizes(0)]]  # so that no class at all gives empty parts
    for label in np.unique(labels_N):
        own = rng.permutation(rows_N[labels_N == label])
        bounds = np.cumsum([0, *sizes(len(own))])
        parts.append([own[a:b] for a, b in pairwise(bounds)])
    return [np.sort(np.concatenate(part)) for part in zip(*parts, strict=True)]


def held_out(train: np.ndarray, labels_N: np.ndarray, share: float, seed: int) -> Splits:
    """Divide train: a ``share`` of each class, rounded, at least one image, becomes val.

    CoOp's rule where a published split has no validation part, with its share of 0.2.
    """
    val, rest = per_class(train, labels_N[train], seed, lambda n: (max(1, round(n * share)), n))
    return {"train": rest, "val": val}


def coop_thirds(labels_N: np.ndarray, seed: int) -> Splits:
    """Half of each class to train, a fifth to validate, the rest to test.

    Zhou et al., "Learning to Prompt for Vision-Language Models" (CoOp, IJCV 2022), for datasets
    where it draws its own test images. Its sizes, not its draw: that needs its split file.
    """
    rows_N = np.arange(len(labels_N))
    train, val, test = per_class(
        rows_N, labels_N, seed, lambda n: (round(n * 0.5), round(n * 0.2), n)
    )
    return {"train": train, "val": val, "test": test}


def from_file(path: Path, files: Sequence[Path]) -> Splits:
    """The rows that one of CoOp's ``split_zhou_*.json`` names: {"train": [[file, …], …], …}.

    Raises:
        InputError: it is no such file, or names a missing image, or one image twice.
    """
    try:
        named = json.loads(regular(path).read_text())
        wanted = {name: [str(item[0]) for item in named[name]] for name in ("train", "val", "test")}
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(f"{path} is no split file with train, val and test: {error!r}") from error
    return _rows(path, wanted, files)


def from_lists(folder: Path, files: Sequence[Path]) -> Splits:
    """The rows that VPT's ``train.json``, ``val.json`` and ``test.json`` name: {file: class, …}.

    Raises:
        InputError: one is no such file, or they name a missing image, or one image twice.
    """
    wanted = {}
    for name in ("train", "val", "test"):
        path = folder / f"{name}.json"
        try:
            wanted[name] = [str(image) for image in dict(json.loads(regular(path).read_text()))]
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"{path} is none of VPT's lists of images: {error!r}") from error
    return _rows(folder, wanted, files)


def _rows(path: Path, wanted: Mapping[str, Sequence[str]], files: Sequence[Path]) -> Splits:
    """The rows of ``files`` whose last folders and names are those that ``path`` names."""
    every = [name for names in wanted.values() for name in names]
    depths = {len(Path(name).parts) for name in every}  # some of SUN397 lie deeper
    row_of = {"/".join(f.parts[-d:]): row for d in depths for row, f in enumerate(files)}
    absent = [name for name in every if name not in row_of]
    if absent:
        raise InputError(f"{path} names {len(absent)} images that are not there, {absent[0]} first")
    twice = [name for name, number in Counter(every).items() if number > 1]
    if twice:
        raise InputError(f"{path} names {len(twice)} images more than once, {twice[0]} first")
    return {
        name: np.array(sorted(row_of[image] for image in images), dtype=np.int64)
        for name, images in wanted.items()
    }


def fewer(
    splits: Splits,
    labels_N: np.ndarray,
    shots: int | None,
    fraction: float | None,
    seed: int,
    val_shots: int | None = None,
) -> Splits:
    """Train on at most ``shots`` images of each class, or on a ``fraction`` of each; validate on
    at most ``val_shots`` of each. None leaves a split as it is."""

    def cut(name: str, rule: Callable[[int], Sequence[int]]) -> np.ndarray:
        return per_class(splits[name], labels_N[splits[name]], seed, rule)[0]

    changed: Splits = {}
    if shots is not None:
        changed["train"] = cut("train", lambda n: (min(n, shots),))
    if fraction is not None:
        changed["train"] = cut("train", lambda n: (max(1, round(n * fraction)),))
    if val_shots is not None:
        changed["val"] = cut("val", lambda n: (min(n, val_shots),))
    return splits | changed
