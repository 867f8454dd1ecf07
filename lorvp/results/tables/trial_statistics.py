"""Statistics of a trial's predictions that the tables need, in a few hundred bytes.

A grid may have more predictions than memory holds. So those of each trial are read once, alone, and
one row of statistics is kept:

trial           its fingerprint
images          number of test images
loss            mean cross-entropy
ece             expected calibration error (Guo et al., ICML 2017), 15 bins of equal width
class_images    test images of each class
class_right     those that were answered correctly
right           packed bits, one for each test image in order: 1 where the answer is correct
"""

from __future__ import annotations

import numpy as np
import polars as pl

BINS = 15

SCHEMA = {
    "trial": pl.String,
    "images": pl.Int64,
    "loss": pl.Float64,
    "ece": pl.Float64,
    "class_images": pl.List(pl.Int32),
    "class_right": pl.List(pl.Int32),
    "right": pl.Binary,
}


def statistics(trial: str, predictions: pl.DataFrame, classes: int) -> dict:
    """The row of one trial, from its predictions.parquet."""
    label_N, predicted_N = (predictions[name].to_numpy() for name in ("label", "predicted"))
    right_N = label_N == predicted_N
    return {
        "trial": trial,
        "images": len(label_N),
        "loss": predictions["loss"].cast(pl.Float64).mean(),
        "ece": calibration_error(predictions["confidence"].to_numpy(), right_N),
        "class_images": np.bincount(label_N, minlength=classes).astype(np.int32),
        "class_right": np.bincount(label_N[right_N], minlength=classes).astype(np.int32),
        "right": np.packbits(right_N).tobytes(),
    }


def calibration_error(confidence_N: np.ndarray, right_N: np.ndarray) -> float:
    """Expected calibration error: the mean of ``|accuracy - confidence|`` over images, by bins.

    A bin contains its upper edge. The error is NaN if some confidence is NaN, or without images.
    """
    confidence_N = confidence_N.astype(np.float64)
    if np.isnan(confidence_N).any() or not len(confidence_N):
        return float("nan")
    bin_N = np.clip(np.ceil(confidence_N * BINS) - 1, 0, BINS - 1).astype(np.int64)
    gap_B = np.bincount(bin_N, right_N - confidence_N, BINS)
    return float(np.abs(gap_B).sum() / len(right_N))


def unpacked(right: bytes, images: int) -> np.ndarray:
    """Whether each of ``images`` test images was answered correctly, from the packed bits."""
    return np.unpackbits(np.frombuffer(right, np.uint8), count=images).astype(bool)
