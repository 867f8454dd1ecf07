"""Seeded, stratified splits."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import train_test_split

from lorvp.errors import InputError


def stratified(labels_N: np.ndarray, test: int, val: int, seed: int) -> dict[str, np.ndarray]:
    """Rows of train, val and test, each with every class in its share, sorted.

    Raises:
        InputError: a split would be too small to hold every class.
    """
    classes = len(np.unique(labels_N))
    if min(test, val, len(labels_N) - test - val) < classes:
        raise InputError(
            f"test: {test} and val: {val} of {len(labels_N)} images leave a split without room "
            f"for all {classes} classes"
        )
    rows = np.arange(len(labels_N))
    rest, test_rows = train_test_split(rows, test_size=test, stratify=labels_N, random_state=seed)
    train_rows, val_rows = train_test_split(
        rest, test_size=val, stratify=labels_N[rest], random_state=seed
    )
    return {"train": np.sort(train_rows), "val": np.sort(val_rows), "test": np.sort(test_rows)}
