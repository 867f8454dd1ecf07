"""Fold a prompt and a mapping into the network's own weights, so that they cost nothing.

The layer that reads the image is linear, so a static prompt adds a constant map to its output. In a
vision transformer the position embedding takes up this map; elsewhere it is added behind the layer.
An affine mapping is multiplied into the classifier, which is affine too. The folded network reads
normalised canvases and gives target logits.
"""

from __future__ import annotations

import copy
from typing import Any, cast

import torch
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.mappings.base import Mapping
from lorvp.networks.acceleration.precision import ieee_fp32
from lorvp.networks.acceleration.stem import NoStemError, find_stem
from lorvp.networks.agreement import agree
from lorvp.networks.frozen import read
from lorvp.networks.options.base import reason
from lorvp.training.model import PromptedNetwork


class Shifted(nn.Module):
    """A layer with a map of constants added to its output."""

    def __init__(self, layer: nn.Module, map_1CHW: Tensor) -> None:
        super().__init__()
        self.layer = layer
        self.register_buffer("map_1CHW", map_1CHW)

    @property
    def weight(self) -> Tensor:
        """Some networks ask their first layer for the type of its weights."""
        return cast(Tensor, self.layer.weight)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) + self.map_1CHW


@torch.no_grad()
def with_prompt(model: PromptedNetwork) -> nn.Module:
    """A copy of the network in which the prompt is folded; it reads normalised canvases.

    Raises:
        InputError: the prompt depends on the image, is not added to it, or the network's first
            layer is not linear.
    """
    frozen, reads = model.network, model.mapping.reads
    added_1CHW, canvas_BCHW = _static_prompt(model), _random_canvases(model)
    network, x_BCHW = copy.deepcopy(frozen.original), frozen.normalise(canvas_BCHW)
    try:
        name = find_stem(network, x_BCHW)
    except NoStemError as error:
        raise InputError(f"{error}, so the prompt has no place") from error
    _fold_into(network, name, added_1CHW / frozen.std_C11)
    # Weights are folded in fp32, whatever precision the trial computed in.
    with ieee_fp32():
        expected = frozen.plain.run(canvas_BCHW, added_1CHW, reads)
        try:
            found = read(network, x_BCHW, reads)
        except (AttributeError, TypeError) as error:
            lacks = f"the network asks its first layer for what another lacks ({reason(error)})"
            raise InputError(f"{lacks}, so the prompt has no place") from error
    assert agree(found, expected), "the folded network gives other outputs"
    return network


@torch.no_grad()
def with_mapping(network: nn.Module, mapping: Mapping) -> nn.Module:
    """The same network, with a classifier into which the mapping is folded: it gives target logits.

    Raises:
        InputError: the classifier or the mapping is not affine.
    """
    inner = cast(Any, network)
    head = inner.get_classifier() if hasattr(inner, "get_classifier") else None
    if not isinstance(head, nn.Linear):
        raise InputError("the network's classifier is not one matrix")
    reads_logits = mapping.reads == "logits"
    weight_KI, bias_K = _affine(mapping, head.out_features if reads_logits else head.in_features)
    if reads_logits:
        own = torch.zeros_like(head.weight[:, 0]) if head.bias is None else head.bias
        weight_KI, bias_K = weight_KI @ head.weight, weight_KI @ own + bias_K
    inner.reset_classifier(len(bias_K))
    made = inner.get_classifier().to(weight_KI)
    made.weight.copy_(weight_KI)
    made.bias.copy_(bias_K)
    return network.eval().requires_grad_(False)


def _static_prompt(model: PromptedNetwork) -> Tensor:
    """The prompt that is added to every canvas; InputError if it differs between canvases."""
    canvas_BCHW = _random_canvases(model)
    added_BCHW, *more = model.eval().passes(canvas_BCHW)
    if more:
        raise InputError("several prompts, each in a pass of its own, cannot be folded")
    if len(added_BCHW) > 1:
        raise InputError("each image has a prompt of its own, which cannot be folded")
    reads = model.mapping.reads
    plain = model.network.run(canvas_BCHW, added_BCHW, reads)
    if not agree(model.prompt.run(model.network, canvas_BCHW, added_BCHW, reads), plain):
        raise InputError(
            "this method works inside the network, and cannot be folded into its input"
        )
    return added_BCHW.expand(-1, -1, *model.network.input_size)


def _random_canvases(model: PromptedNetwork) -> Tensor:
    """Two different random canvases."""
    random = torch.Generator().manual_seed(0)
    size = (2, 3, *model.network.input_size)
    return torch.rand(size, generator=random).to(model.network.mean_C11)


def _fold_into(network: Any, name: str, shift_1CHW: Tensor) -> None:
    conv = cast(nn.Conv2d, network.get_submodule(name))
    bias, conv.bias = conv.bias, None
    map_1CHW = conv(shift_1CHW)
    conv.bias = bias
    tokens_1ND = map_1CHW.flatten(2).transpose(1, 2)
    if _positions_follow(network, name, tokens_1ND.shape[1]):
        # Positions of patches come last, after those of class and register tokens.
        network.pos_embed[:, -tokens_1ND.shape[1] :] += tokens_1ND
    else:
        network.set_submodule(name, Shifted(conv, map_1CHW))


def _positions_follow(network: Any, name: str, patches: int) -> bool:
    """Whether positions are added directly to the outputs of the layer ``name``, one per patch."""
    positions = getattr(network, "pos_embed", None)
    if name != "patch_embed.proj" or not isinstance(positions, nn.Parameter):
        return False
    nothing_between = isinstance(getattr(network.patch_embed, "norm", None), nn.Identity)
    others = positions.shape[1] - patches if positions.ndim == 3 else -1
    return nothing_between and others in (0, getattr(network, "num_prefix_tokens", 0))


def _affine(mapping: Mapping, inputs: int) -> tuple[Tensor, Tensor]:
    """weight_KI and bias_K of an affine mapping.

    Raises:
        InputError: the mapping is not affine.
    """
    like = next(mapping.buffers(), next(mapping.parameters(), torch.zeros(())))
    device = like.device
    zero_1I, unit_II = torch.zeros(1, inputs, device=device), torch.eye(inputs, device=device)
    bias_1K = mapping(zero_1I)
    weight_KI = (mapping(unit_II) - bias_1K).T
    x_BI = torch.linspace(-3, 3, 2 * inputs, device=device).view(2, inputs)
    if not agree(x_BI @ weight_KI.T + bias_1K, mapping(x_BI)):
        raise InputError("this mapping is not one matrix, and cannot be folded into the classifier")
    return weight_KI.contiguous(), bias_1K[0]
