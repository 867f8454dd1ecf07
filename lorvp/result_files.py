"""What a finished trial's files hold, as bytes; part of each trial's code hash.

By way of bytes, since safetensors and polars have errors of their own for a full disk.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from safetensors.torch import save

from lorvp.files import to_json
from lorvp.running import history_rows

if TYPE_CHECKING:
    from lorvp.running import Result


def contents(result: Result) -> dict[str, bytes]:
    """The content of each file by its name; ``lorvp/store.py`` says what they are."""
    return {
        "weights.safetensors": _weights(result),
        "history.json": to_json(history_rows(result.history)).encode(),
        "predictions.parquet": _table(result),
    }


def _weights(result: Result) -> bytes:
    # safetensors takes no other memory layout, such as that of a convolutional network.
    return save({name: tensor.contiguous() for name, tensor in result.state.items()})


def _table(result: Result) -> bytes:
    buffer = io.BytesIO()
    result.predictions().write_parquet(buffer)
    return buffer.getvalue()
