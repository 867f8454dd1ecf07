"""A frozen network: weights that never change, with what is needed to use them."""

from __future__ import annotations

from typing import Protocol, cast

import torch
from torch import Tensor, nn

from lorvp.mappings.base import Reads
from lorvp.prompts.base import Size


class TimmClassifier(Protocol):
    """The part of timm's model interface that is used here."""

    num_classes: int
    head_hidden_size: int

    def forward_features(self, x: Tensor) -> Tensor: ...
    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor: ...


class FrozenNetwork(nn.Module):
    """Takes normalised images_BCHW and returns features_BD or logits_BS.

    Always in evaluation mode (BatchNorm statistics fixed, dropout off), and no weight takes a
    gradient; gradients still flow through it to the image, which is all prompting needs.
    """

    mean_C11: Tensor
    std_C11: Tensor

    def __init__(
        self, network: nn.Module, input_size: Size, mean: list[float], std: list[float]
    ) -> None:
        super().__init__()
        # The layout convolutions are fastest in; values are the same.
        self.network = network.to(memory_format=torch.channels_last).requires_grad_(False)
        self.input_size = input_size
        self.register_buffer("mean_C11", torch.tensor(mean)[:, None, None], persistent=False)
        self.register_buffer("std_C11", torch.tensor(std)[:, None, None], persistent=False)
        self.train(False)

    @property
    def _timm(self) -> TimmClassifier:
        return cast(TimmClassifier, self.network)

    @property
    def source_classes(self) -> int:
        return self._timm.num_classes

    @property
    def features(self) -> int:
        return self._timm.head_hidden_size

    def train(self, mode: bool = True) -> FrozenNetwork:
        """Stay in evaluation mode, whatever the module around it does."""
        return super().train(False)

    def normalise(self, images_BCHW: Tensor) -> Tensor:
        """From [0, 1] to what the network was trained on."""
        return (images_BCHW - self.mean_C11) / self.std_C11

    def forward(self, images_BCHW: Tensor, reads: Reads = "logits") -> Tensor:
        images_BCHW = images_BCHW.contiguous(memory_format=torch.channels_last)
        hidden = self._timm.forward_features(images_BCHW)
        return self._timm.forward_head(hidden, pre_logits=reads == "features")
