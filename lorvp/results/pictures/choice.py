"""Which trials and test images of one dataset and network are drawn, and how they were answered.

``results`` are rows of the tidy table, see lorvp/results/tables/tidy.py; ``predictions`` are those
of one trial: label, predicted, confidence and loss of each test image.
"""

from __future__ import annotations

import numpy as np
import polars as pl

ADDS = pl.col("content_values") + pl.col("placement_values") > 0
"""The method adds something to the image; a generated prompt has all of its values in placement."""
BARE = pl.col("trained_values") == pl.col("mapping_values")
"""Nothing but the mapping is trained."""


def best(results: pl.DataFrame) -> str:
    """The trial with the highest validation accuracy, the first of equals."""
    row = results["val_accuracy"].fill_nan(-1.0).arg_max()
    assert row is not None, "there are trials"
    return results["trial"][row]


def mapping_to_show(results: pl.DataFrame) -> str:
    """The mapping of the best trial among those that add something, or of the best of all."""
    adding = results.filter(ADDS)
    shown = adding if adding.height else results
    return shown.filter(trial=best(shown))["mapping"][0]


def best_of_each_method(results: pl.DataFrame) -> list[str]:
    """The best trial of each method that adds something to the image, in the grid's order."""
    parts = results.filter(ADDS).partition_by("method", maintain_order=True)
    return [best(part) for part in parts]


def prompted_and_bare(results: pl.DataFrame) -> tuple[str, str] | None:
    """The best trial with a prompt, and the one with the same mapping and seed without a prompt.

    A trial without such a counterpart is not considered; None where no trial has one.
    """
    setting = ["mapping", "seed"]
    bare = results.filter(BARE).unique(setting, keep="last").select(*setting, bare="trial")
    pairs = results.filter(ADDS).join(bare, on=setting, maintain_order="left")
    if not pairs.height:
        return None
    chosen = best(pairs)
    return chosen, pairs.filter(trial=chosen)["bare"][0]


def confusion_counts(predictions: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """A row for each true class and answer that occur: true, predicted (names), images."""
    numbers = pl.DataFrame({"class": range(len(names)), "name": names})
    return (
        predictions.group_by("label", "predicted")
        .len("images")
        .join(numbers.rename({"name": "true"}), left_on="label", right_on="class")
        .join(numbers.rename({"name": "predicted_name"}), left_on="predicted", right_on="class")
        .sort("label", "predicted")  # groups come in any order, and so would the picture's marks
        .select("true", pl.col("predicted_name").alias("predicted"), "images")
    )


def telling_images(before: pl.DataFrame, after: pl.DataFrame, each: int) -> list[int]:
    """Rows of the first images that the prompt mends, spoils and leaves wrong, ``each`` of a kind.

    ``before`` and ``after`` are the predictions without and with the prompt, of the same images.
    """
    was, right = (_right(predictions) for predictions in (before, after))
    kinds = (right & ~was, ~right & was, ~right & ~was)
    return [int(row) for kind in kinds for row in np.flatnonzero(kind)[:each]]


def _right(predictions: pl.DataFrame) -> np.ndarray:
    return (predictions["predicted"] == predictions["label"]).to_numpy()
