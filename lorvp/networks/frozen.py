"""A frozen network: weights that never change, with what is needed to use them.

`lorvp.training.model` draws the way of a batch, which ends in ``run`` and ``read`` here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn

from lorvp.images import Size
from lorvp.networks.interface import Canvas, Ends, Interpolation, Reads, patch_of, tokens_of


class Classifier(Protocol):
    """The part of timm's model interface that is used here; other libraries' networks get it."""

    num_classes: int
    head_hidden_size: int

    def forward_features(self, x: Tensor) -> Tensor: ...
    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor: ...
    def reset_classifier(self, num_classes: int) -> None: ...


class TextTower(Protocol):
    """The text side of a CLIP-like network, whose features are its image embeddings."""

    scale: float
    """exp(logit_scale): what similarities are multiplied by."""

    def encode(self, texts: Sequence[str]) -> Tensor:
        """embeddings_ND, not yet of unit length."""
        ...


Hooks = Callable[[], AbstractContextManager]
"""Makes a context in which a method's hooks are on the network."""


def read(classifier: nn.Module, x_BCHW: Tensor, reads: Reads) -> Tensor:
    """The logits_BS or features_BD of a network with timm's interface."""
    network = cast(Classifier, classifier)
    hidden = network.forward_features(x_BCHW.contiguous(memory_format=layout_of(classifier)))
    return network.forward_head(hidden, pre_logits=reads == "features")


def layout_of(network: nn.Module) -> torch.memory_format:
    """The layout of images and weights: the one in which convolutions are fastest, unless the
    network asks for another. Values are the same."""
    return getattr(network, "layout", torch.channels_last)


class FrozenNetwork(nn.Module):
    """Takes normalised images_BCHW and returns features_BD or logits_BS.

    Always in evaluation mode (BatchNorm statistics fixed, dropout off), and no weight takes a
    gradient; gradients still flow through it to the image, which is all prompting needs.
    """

    mean_C11: Tensor
    std_C11: Tensor

    def __init__(
        self,
        network: nn.Module,
        input_size: Size,
        mean: Sequence[float],
        std: Sequence[float],
        class_names: Sequence[str],
        text: TextTower | None = None,
        interpolation: Interpolation = "bilinear",
    ) -> None:
        super().__init__()
        self.class_names, self.text = tuple(class_names), text
        self.engines: dict[tuple, Any] = {}
        """Cheaper forms of this network, each made when it is first asked for."""
        self.interpolation: Interpolation = interpolation
        self.network = network.to(memory_format=layout_of(network)).requires_grad_(False)
        self.input_size = input_size
        self.register_buffer("mean_C11", torch.tensor(list(mean))[:, None, None], persistent=False)
        self.register_buffer("std_C11", torch.tensor(list(std))[:, None, None], persistent=False)
        self.train(False)

    @property
    def original(self) -> nn.Module:
        """The network as it was loaded, for methods that go on training it."""
        return self.network

    @property
    def plain(self) -> FrozenNetwork:
        """The network without shortcuts, with which an `Engine` compares itself."""
        return self

    @property
    def dtype(self) -> torch.dtype:
        """The type of number that the network computes with."""
        return next(self.network.parameters()).dtype

    @property
    def source_classes(self) -> int:
        """S, the number of the network's own classes."""
        return len(self.class_names)

    @property
    def features(self) -> int:
        """D, the number of features that the classifier reads; 0 if only its logits are known."""
        return cast(Classifier, self.network).head_hidden_size

    @property
    def canvas(self) -> Canvas:
        """What a prompt needs to know to be built for this network."""
        mean = tuple(self.mean_C11.flatten().tolist())
        patch, tokens = patch_of(self.network), tokens_of(self.network)
        return Canvas(self.input_size, mean, patch, tokens, self.interpolation)

    def for_targets(self, target_names: Sequence[str]) -> FrozenNetwork:
        """This network with its source classes for a task, which are the same for every task.

        Only networks that compare images with texts make classes out of the task's names.
        """
        return self

    def ends(self, target_names: Sequence[str]) -> Ends:
        """What a mapping needs to know to be built between this network and a task."""
        text = self.text is not None
        return Ends(self.class_names, self.features, tuple(target_names), text)

    def account(self, inside: bool = False) -> dict[str, str]:
        """The shortcuts that make this network cheaper, and why others are not taken, by topic.

        It is empty for the plain network. ``inside`` asks on behalf of a method that puts hooks
        on the network.
        """
        return {}

    def train(self, mode: bool = True) -> FrozenNetwork:
        """Stay in evaluation mode, whatever the module around it does."""
        return super().train(False)

    def normalise(self, images_BCHW: Tensor) -> Tensor:
        """Images in [0, 1] with the mean and deviation that the network was trained on."""
        return (images_BCHW - self.mean_C11) / self.std_C11

    def forward(self, images_BCHW: Tensor, reads: Reads = "logits") -> Tensor:
        return read(self.network, images_BCHW, reads)

    def run(
        self, canvas_BCHW: Tensor, added_BCHW: Tensor, reads: Reads, hooks: Hooks = nullcontext
    ) -> Tensor:
        """The output for canvases in [0, 1] with a prompt added to them in the same units.

        Methods that act inside the network give ``hooks``, which are on it while it computes.
        """
        with hooks():
            return read(self.network, self.normalise(canvas_BCHW + added_BCHW), reads)

    def run_together(
        self, given: Sequence[tuple[Tensor, Tensor]], reads: Reads, width: int
    ) -> list[Tensor]:
        """The outputs of several lanes, each with its canvases and what is added to them, as
        ``run`` gives them. Where lanes are computed as one batch, it is filled up to ``width`` of
        them, and more than ``width`` are computed in several."""
        return [self.run(canvas_BCHW, added_BCHW, reads) for canvas_BCHW, added_BCHW in given]
