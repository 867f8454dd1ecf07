"""Whether memory ran out, which is nobody's own fault among trials that share a device."""

from __future__ import annotations

import torch


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, as far as the error tells."""
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return known or "can't allocate memory" in str(error)  # torch's words for a CPU's
