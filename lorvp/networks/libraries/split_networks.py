"""Networks without timm's interface: split in two, and compared with the whole."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.networks.agreement import agree
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries.checks import noise, outputs
from lorvp.networks.libraries.splitting import split
from lorvp.networks.manifest import Facts


@torch.no_grad()
def split_frozen(whole: nn.Module, facts: Facts) -> FrozenNetwork:
    """The network ``whole``, from images to logits, split before its classifier; it is used up."""
    x_BCHW = noise(facts).to(next(whole.parameters()))
    logits_BS = whole.eval()(x_BCHW)
    names, interpolation = facts.class_names, facts.interpolation
    return FrozenNetwork(
        split(whole, x_BCHW, logits_BS, facts.head),
        facts.input_size, facts.mean, facts.std, names, interpolation=interpolation,
    )  # fmt: skip


@torch.no_grad()
def split_check(
    build: Callable[[Facts], nn.Module],
    frozen: Callable[[nn.Module, Facts], FrozenNetwork],
    whole: nn.Module,
    network: nn.Module,
    facts: Facts,
    x_BCHW: Tensor,
) -> FrozenNetwork:
    """The frozen ``network``, once its logits_BS are those that ``whole`` gives before.

    Raises:
        InputError: they are not.
    """
    expected_BS = whole(x_BCHW)
    result = frozen(network, facts)
    if x_BCHW.is_meta and not result.features:
        # What is no linear layer shows by numbers alone whether it is as good as one.
        with torch.device("cpu"):
            result = frozen(build(facts).eval(), facts)
        outputs(result, facts, noise(facts))
        return result
    _, logits_BS = outputs(result, facts, x_BCHW)
    if not agree(logits_BS, expected_BS):
        raise InputError(f"{facts.architecture} gives other logits once it is split")
    return result
