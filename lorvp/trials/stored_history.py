"""history.json of a finished trial, checked as all that may come from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lorvp.errors import InputError
from lorvp.files import strict_json
from lorvp.text.problems import told
from lorvp.trials.verified import read_record

Share = Annotated[float, Field(ge=0, le=1)]
FromZero = Annotated[float, Field(ge=0, le=1e300)]
Finite = Annotated[float, Field(ge=-1e300, le=1e300)]


class _Row(BaseModel):
    """See ``lorvp.training.trainer.Epoch``; what the placement tells of an epoch stands beside
    these."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="allow")
    __pydantic_extra__: dict[str, Finite] = {}  # type: ignore[reportIncompatibleVariableOverride]

    epoch: Annotated[int, Field(ge=0, le=10**6)]
    lr: FromZero
    train_loss: Finite
    train_accuracy: Share
    val_loss: Finite
    val_accuracy: Share
    seconds: FromZero
    wall_seconds: FromZero


ROWS = TypeAdapter(Annotated[list[_Row], Field(min_length=1)])


def read_history(folder: Path) -> list[dict]:
    """One row for each epoch.

    Raises:
        InputError: it is no history, or not that of the trial whose trial.json lies beside it.
    """
    path = folder / "history.json"
    try:
        found = ROWS.validate_python(strict_json.read(path))
    except ValidationError as error:
        raise InputError(f"{path} is damaged: {told(error)}") from error
    if [row.epoch for row in found] != list(range(len(found))):
        raise InputError(f"{path} is damaged: its epochs are not 0, 1, 2 and so on")
    summary = read_record(folder)["summary"]
    best = summary["best_epoch"]
    if len(found) != summary["epochs"] or found[best].val_accuracy != summary["val_accuracy"]:
        raise InputError(f"{path} is damaged: it is not the history of what trial.json sums up")
    return [row.model_dump() for row in found]
