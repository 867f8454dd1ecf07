"""history.json of a finished trial, which may come from elsewhere: checked when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from lorvp.errors import InputError
from lorvp.files import strict_json
from lorvp.text.problems import told
from lorvp.trials.contents import RECORD

Share = Annotated[float, Field(ge=0, le=1)]
FromZero = Annotated[float, Field(ge=0, le=1e300)]
Finite = Annotated[float, Field(ge=-1e300, le=1e300)]


class _Row(BaseModel):
    """One epoch (``lorvp.training.epoch.Epoch``); a placement may add numbers of its own."""

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


class _Summary(BaseModel):
    """The entries of trial.json's ``summary`` that a history can be compared with."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    epochs: Annotated[int, Field(ge=1, le=10**6)]
    best_epoch: Annotated[int, Field(ge=0, le=10**6)]
    val_accuracy: Share


class _Record(BaseModel):
    summary: _Summary


ROWS = TypeAdapter(Annotated[list[_Row], Field(min_length=1)])


def read_history(folder: Path) -> list[dict]:
    """One row for each epoch.

    Raises:
        InputError: history.json or trial.json is damaged, or they are of different trials.
    """
    path = folder / "history.json"
    try:
        found = ROWS.validate_python(strict_json.read(path))
    except ValidationError as error:
        raise InputError(f"{path} is damaged: {told(error)}") from error
    if [row.epoch for row in found] != list(range(len(found))):
        raise InputError(f"{path} is damaged: its epochs are not 0, 1, 2 and so on")
    summary = _summary(folder / RECORD)
    best = found[summary.best_epoch] if summary.best_epoch < len(found) else None
    if len(found) != summary.epochs or best is None or best.val_accuracy != summary.val_accuracy:
        raise InputError(f"{path} is damaged: it is not the history of what trial.json sums up")
    return [row.model_dump() for row in found]


def _summary(path: Path) -> _Summary:
    try:
        return _Record.model_validate(strict_json.read(path)).summary
    except ValidationError as error:
        raise InputError(f"{path} is damaged: {told(error)}") from error
