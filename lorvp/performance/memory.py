"""What one image asks of a network: operations, and memory until the way back has been gone.

Counted on the meta device, so that neither weights nor a GPU are needed.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from lorvp.networks.frozen import FrozenNetwork
from lorvp.performance.counting import counted
from lorvp.performance.lanes import Load


def load(network: FrozenNetwork) -> Load:
    """What one more image asks of ``network``, a sketch on the meta device or an engine of one.

    Weights, and the memory that a layer needs for a moment only, are not counted. Measured with
    torch 2.11 on an H200 at batch 256, steps of ViT-B/16 took 21 GB (bf16: 10) and of ResNet-50,
    nothing folded, 23 GB (12.5); counted are 22.8 (11.4) and 22.0 (11.0).
    """
    # A third image on two: attention takes another kernel for a single one.
    (flops, kept), (more_flops, more_kept) = (_of_images(network, number) for number in (2, 3))
    return Load(more_flops - flops, more_kept - kept)


def _of_images(network: FrozenNetwork, number: int) -> tuple[float, float]:
    """FLOPs of a pass forward, and bytes that it keeps for the way back."""
    kept: dict[int, torch.UntypedStorage] = {}

    def keep(saved: Tensor) -> Tensor:
        # Held, so that no later storage takes the address. Views of one storage count once.
        storage = saved.untyped_storage()
        kept[storage._cdata] = storage
        return saved

    def forward() -> None:
        canvas_BCHW = torch.zeros(number, 3, *network.input_size)
        network.run(canvas_BCHW, torch.zeros_like(canvas_BCHW).requires_grad_(), "features")

    with torch.device("meta"), saved_tensors_hooks(keep, lambda saved: saved):
        flops = counted(forward)
    return flops, sum(storage.nbytes() for storage in kept.values())
