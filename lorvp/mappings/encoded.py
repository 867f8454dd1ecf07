"""Embeddings of texts, computed once for all trials that ask for the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.networks import checkpoint
from lorvp.networks.acceleration.precision import ieee_fp32
from lorvp.networks.frozen import FrozenNetwork, TextTower

KEPT = 4
"""Lists of texts whose embeddings are kept for each network: those of neighbours in a grid."""
_kept: WeakKeyDictionary[TextTower, dict[tuple, Tensor]] = WeakKeyDictionary()


@lru_cache(maxsize=KEPT)
def encoded_by(folder: Path, digest: str, texts: tuple[str, ...]) -> Tensor:
    """embeddings_ND of unit length by the text encoder of the checkpoint in ``folder``, on the CPU.
    ``digest`` is the checkpoint's, whatever lies there later."""
    return encoded(checkpoint.load(folder), texts)


def text_of(network: FrozenNetwork) -> TextTower:
    """The network's text encoder."""
    assert network.text is not None, "settings are checked before the network is attached"
    return network.text


def encoded(network: FrozenNetwork, texts: Sequence[str]) -> Tensor:
    """embeddings_ND of unit length; a text that occurs several times is encoded once."""
    tower, once = text_of(network), tuple(dict.fromkeys(texts))
    known = _kept.setdefault(tower, {})
    key = network.mean_C11.device, once
    if key not in known:
        while len(known) >= KEPT:
            known.pop(next(iter(known)))
        # Whatever precision the first trial that asks computes in: the next may have another. And
        # embeddings that were made in inference mode could not be trained through later.
        with torch.inference_mode(False), ieee_fp32():
            known[key] = F.normalize(tower.encode(once), dim=1)
    number = {text: n for n, text in enumerate(once)}
    return known[key][[number[text] for text in texts]]
