"""A mapping on normalised features in one matrix, whatever it was trained as.

`text`, `prm` and `rvp` compare an image with texts and weigh what they find, all of it linear in
the image's embedding once that has unit length. RVP (2026, eq. 7) calls it reparameterisation.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.mappings.base import Mapping
from lorvp.networks.agreement import agree


class OneHead(Mapping):
    """``logits_BK = normalised(features_BD) @ weight_DK``"""

    reads = "features"
    weight_DK: Tensor

    def __init__(self, weight_DK: Tensor) -> None:
        super().__init__(weight_DK.shape[1])
        self.register_buffer("weight_DK", weight_DK.contiguous())

    def forward(self, outputs: Tensor) -> Tensor:
        return F.normalize(outputs, dim=1) @ self.weight_DK


@torch.no_grad()
def in_one_head(mapping: Mapping, features: int) -> Mapping:
    """The same mapping as one matrix on normalised features; the mapping itself if it is none.

    ``features``: D, of the network that it reads.
    """
    if mapping.reads != "features":
        return mapping
    device = next((tensor.device for tensor in mapping.state_dict().values()), torch.device("cpu"))
    head = OneHead(mapping(torch.eye(features, device=device)))
    x_BD = torch.randn(8, features, generator=torch.Generator().manual_seed(0)).to(device)
    # Of both signs, since what chooses the nearest texts chooses others for -x.
    x_BD = torch.cat([x_BD, -x_BD])
    return head if agree(head(x_BD), mapping(x_BD)) else mapping
