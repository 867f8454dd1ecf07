"""What comes out of a trial, and its tables: an epoch, or a test image, in a row."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl
from torch import Tensor

from lorvp.training.epoch import Epoch
from lorvp.training.evaluation import Predictions


@dataclass(frozen=True)
class Result:
    """The result of a trial."""

    state: dict[str, Tensor]
    """Prompt and mapping of the epoch that validation chose."""
    history: list[Epoch]
    test: Predictions | None
    """None for a setting that a search tries, which sees no test image."""
    test_labels_N: Tensor | None
    summary: dict[str, Any]
    """Accuracies (0..1), chosen epoch, numbers of trained values, training seconds (computed and
    by the clock), and the largest change that the prompt made to a pixel of a test image."""
    engine: dict[str, str] = field(default_factory=dict)
    """How the frozen network computed: what was folded and split, or why not."""

    def predictions(self) -> pl.DataFrame:
        """One row for each test image, in the order of the test split."""
        assert self.test is not None, "a search sees no test image"
        assert self.test_labels_N is not None, "images have labels"
        return predictions(self.test, self.test_labels_N)


def predictions(found: Predictions, labels_N: Tensor) -> pl.DataFrame:
    """One row for each image: label, predicted, confidence, loss."""
    return pl.DataFrame(
        {
            "label": labels_N.cpu().numpy(),
            "predicted": found.predicted_N.cpu().numpy(),
            "confidence": found.confidence_N.cpu().numpy(),
            "loss": found.loss_N.cpu().numpy(),
        }
    )


def history_rows(history: list[Epoch]) -> list[dict]:
    """The epochs as plain rows, for JSON and tables."""
    rows = [asdict(epoch) for epoch in history]
    return [row | row.pop("placement") for row in rows]
