"""Images that occur more than once: in two splits, which flatters the accuracy, or two classes.

Stored pixels are compared, since networks see those. A copy under another name, in another lossless
format or with other metadata is found; a copy that was compressed again is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import combinations, combinations_with_replacement
from typing import Any

import numpy as np


def key(image_HWC: np.ndarray) -> np.uint64:
    """A number that is the same for equal images, and hardly ever for different ones.

    It is a sum with fixed weights: a cryptographic hash would take a tenth of the decoding time.
    """
    pixels = np.ascontiguousarray(image_HWC).reshape(-1)
    words = pixels[: len(pixels) // 8 * 8].view(np.uint64)
    return np.dot(words, _weights(len(words)))


@cache
def _weights(number: int) -> np.ndarray:
    return np.random.default_rng(0).integers(2**63, size=number, dtype=np.uint64) * 2 + 1


def between(
    keys_N: np.ndarray,
    split_N: np.ndarray,
    splits: Sequence[str],
    images_NHWC: np.ndarray,
    name: Callable[[int], str],
) -> dict[str, dict[str, Any]]:
    """For each two splits, the images of the later one that are also in the earlier one.

    ``{"train, test": {"images": 2, "first": ["a.png", "b.png"]}}`` gives their number and the names
    of the first two; a pair without any has no entry.
    """
    pairs = combinations(range(len(splits)), 2)
    return _in_pairs(pairs, keys_N, split_N, splits, images_NHWC, name)


def of_two_classes(
    keys_N: np.ndarray,
    split_N: np.ndarray,
    labels_N: np.ndarray,
    splits: Sequence[str],
    images_NHWC: np.ndarray,
    name: Callable[[int], str],
) -> dict[str, dict[str, Any]]:
    """The same for equal images of different classes, where one label must be wrong.

    A split is also compared with itself: ``{"train, train": …}``.
    """
    pairs = combinations_with_replacement(range(len(splits)), 2)
    return _in_pairs(pairs, keys_N, split_N, splits, images_NHWC, name, labels_N)


def _in_pairs(
    pairs: Iterable[tuple[int, int]],
    keys_N: np.ndarray,
    split_N: np.ndarray,
    splits: Sequence[str],
    images_NHWC: np.ndarray,
    name: Callable[[int], str],
    labels_N: np.ndarray | None = None,
) -> dict[str, dict[str, Any]]:
    """The entries of these pairs of splits; with ``labels_N``, for images of different classes."""
    found = {}
    for first, second in pairs:
        earlier, later = np.flatnonzero(split_N == first), np.flatnonzero(split_N == second)
        twins = _twins(earlier, later, keys_N, images_NHWC, labels_N)
        if twins:
            names = [name(row) for row in twins[0]]
            found[f"{splits[first]}, {splits[second]}"] = {"images": len(twins), "first": names}
    return found


def _twins(
    earlier: np.ndarray,
    later: np.ndarray,
    keys_N: np.ndarray,
    images_NHWC: np.ndarray,
    labels_N: np.ndarray | None,
) -> list[tuple[int, int]]:
    """Pairs of rows (earlier, later) with equal pixels, one for each such row of ``later``.

    With ``labels_N``, only rows of different classes are paired, and within one split only with
    rows before them.
    """
    within = np.array_equal(earlier, later)
    order = earlier[np.argsort(keys_N[earlier], kind="stable")]
    sorted_keys = keys_N[order]
    found = []
    for row in later[np.isin(keys_N[later], sorted_keys)]:
        start, stop = (
            np.searchsorted(sorted_keys, keys_N[row], side) for side in ("left", "right")
        )
        candidates = order[start:stop]
        if labels_N is not None:
            candidates = candidates[labels_N[candidates] != labels_N[row]]
            candidates = candidates[candidates < row] if within else candidates
        for twin in candidates:
            if np.array_equal(images_NHWC[twin], images_NHWC[row]):
                found.append((int(twin), int(row)))
                break
    return found


def told(found: dict[str, dict[str, Any]], of_two_classes: dict[str, dict[str, Any]]) -> list[str]:
    """A sentence for each entry of ``between`` and of ``of_two_classes``."""
    said = [(facts, *pair.split(", "), "") for pair, facts in found.items()]
    said += [
        (facts, *pair.split(", "), " of another class: one of the two labels is wrong")
        for pair, facts in of_two_classes.items()
    ]
    return [
        f"{facts['images']:,} {second} images have the same pixels as "
        f"{'other ' * (first == second)}images of {first}{more} "
        f"(first: {' = '.join(facts['first'])})"
        for facts, first, second, more in said
    ]
