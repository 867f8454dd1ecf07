"""What a frozen network says of images that no prompt changes, computed once and then kept.

A linear probe has the same features in every epoch and with every seed; so do mappings without a
prompt. With their outputs kept, an epoch costs a matrix product instead of a network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from lorvp.datasets.prepared import LabelledImages
from lorvp.mappings.base import Mapping
from lorvp.prompts.base import Prompt
from lorvp.training.model import PromptedNetwork
from lorvp.training.timing import Duration, Stopwatch


@dataclass(frozen=True)
class Outputs:
    """outputs_NS or outputs_ND of N images, and what was seen on the way to them."""

    outputs_N: Tensor
    took: Duration
    prompt_linf: float | None
    """See `PromptedNetwork.linf_of`."""


Keep = Callable[[str, Callable[[], Outputs]], Outputs]
"""Gives what is kept under a name, or else computes and keeps it."""


def compute(name: str, make: Callable[[], Outputs]) -> Outputs:
    """Keep nothing beyond this trial."""
    return make()


class MappingAlone(nn.Module):
    """The model for whoever has the network's outputs already, in place of images."""

    def __init__(self, model: PromptedNetwork) -> None:
        super().__init__()
        self.prompt: Prompt = model.prompt
        self.mapping: Mapping = model.mapping
        self.parameter_groups = model.parameter_groups

    def source_logits(self, outputs_B: Tensor) -> Tensor:
        assert self.mapping.reads == "logits", "only mappings of logits count"
        return outputs_B

    def outputs(self, outputs_B: Tensor) -> Tensor:
        return outputs_B

    def forward(self, outputs_B: Tensor) -> Tensor:
        return self.mapping(outputs_B)


Model = PromptedNetwork | MappingAlone
"""What is trained and measured: all of it, or the mapping on outputs that were kept."""


@torch.inference_mode()
def outputs_of(model: PromptedNetwork, images: LabelledImages) -> Outputs:
    """Of all images in order, on the CPU."""
    model.eval()
    watch = Stopwatch(images.device)
    with model.measuring() as norms:
        parts = [model.outputs(x_BHWC).cpu() for x_BHWC, _ in images.batches()]
    return Outputs(torch.cat(parts), watch.read(), model.linf_of(norms))


def remembered(
    model: PromptedNetwork, splits: dict[str, LabelledImages], keep: Keep = compute
) -> tuple[MappingAlone, dict[str, LabelledImages], dict[str, Outputs]]:
    """The mapping alone, outputs in place of each split's images, and what was kept of them."""
    found = {
        name: keep(f"{model.mapping.reads} {name}", lambda images=images: outputs_of(model, images))
        for name, images in splits.items()
    }
    moved = {
        name: replace(images, images_NHWC=found[name].outputs_N).to(images.device)
        for name, images in splits.items()
    }
    return MappingAlone(model), moved, found
