"""The files of a finished trial, as bytes with their checksums.

trial.json holds the SHA-256 of the other files and of itself, so that a later change is found. The
files are made as bytes, since safetensors and polars raise errors of their own on a full disk. This
module is part of each trial's code hash.
"""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

from safetensors.torch import save

from lorvp.files.whole import canonical, to_json
from lorvp.trials.result import history_rows

if TYPE_CHECKING:
    from lorvp.trials.result import Result

RECORD = "trial.json"


def sealed(fingerprint: str, result: Result, facts: dict[str, Any]) -> dict[str, bytes]:
    """All files of a trial by their names; ``facts`` (identity, environment, …) go into trial.json.

    Raises:
        ValueError: a number is infinite or NaN, which JSON cannot hold.
    """
    files = contents(result)
    record = {"fingerprint": fingerprint, "summary": result.summary, **facts}
    record["engine"] = result.engine
    record["files"] = {name: _sha256(files[name]) for name in sorted(files)}
    record["sha256"] = _sha256(canonical(record))
    return files | {RECORD: to_json(record).encode()}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def contents(result: Result) -> dict[str, bytes]:
    """The content of each file by its name; see ``lorvp/trials/store.py``. Of a setting that a
    search tries there is only the history."""
    history = {"history.json": to_json(history_rows(result.history)).encode()}
    if result.test is None:
        return history
    return history | {
        "weights.safetensors": _weights(result),
        "predictions.parquet": _table(result),
    }


def _weights(result: Result) -> bytes:
    # safetensors takes no other memory layout, such as that of a convolutional network.
    return save({name: tensor.contiguous() for name, tensor in result.state.items()})


def _table(result: Result) -> bytes:
    buffer = io.BytesIO()
    result.predictions().write_parquet(buffer)
    return buffer.getvalue()
