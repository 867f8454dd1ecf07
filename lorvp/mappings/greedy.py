"""The choice of source classes that frequency mappings make from their counts."""

from __future__ import annotations

import torch
from torch import Tensor


def greedy(counts_SK: Tensor, per_target: int = 1) -> Tensor:
    """The source classes of each target class, source_KM, from counts of predictions.

    The largest count is taken first and blocks its source, and its target once that has
    ``per_target`` sources; ties go to the smallest source, then the smallest target. What is
    left with nothing but zeros (never predicted, or absent from the training images) is filled
    with the unused source classes in index order, which is where repeated argmax over the
    matrix would end as well.
    """
    sources, targets = torch.nonzero(counts_SK, as_tuple=True)
    order = torch.argsort(counts_SK[sources, targets], descending=True, stable=True)
    chosen: list[list[int]] = [[] for _ in range(counts_SK.shape[1])]
    used: set[int] = set()
    for s, t in zip(sources[order].tolist(), targets[order].tolist(), strict=True):
        if s not in used and len(chosen[t]) < per_target:
            chosen[t].append(s)
            used.add(s)
    unused = (s for s in range(counts_SK.shape[0]) if s not in used)
    for own in chosen:
        own += [next(unused) for _ in range(per_target - len(own))]
    return torch.tensor(chosen, dtype=torch.int64, device=counts_SK.device)
