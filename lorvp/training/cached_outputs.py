"""The network's outputs for images that no prompt changes, computed once for all epochs.

A linear probe reads the same features in every epoch and with every seed, and so does any mapping
without a prompt. With cached outputs an epoch costs a matrix product instead of a network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.mappings.base import Mapping
from lorvp.prompts.base import Prompt
from lorvp.training.model import PromptedNetwork
from lorvp.training.timing import Duration, Stopwatch


@dataclass(frozen=True)
class Outputs:
    """outputs_NS or outputs_ND of N images, and what was measured while they were computed."""

    outputs_N: Tensor
    took: Duration
    prompt_linf: float | None
    """See `PromptedNetwork.linf_of`."""


Cache = Callable[[str, Callable[[], Outputs]], Outputs]
"""Returns the outputs stored under a name; computes and stores them if there are none."""


def no_cache(name: str, make: Callable[[], Outputs]) -> Outputs:
    """Compute the outputs, and store them nowhere."""
    return make()


class MappingAlone(nn.Module):
    """The model without its network: it takes the network's outputs in place of images."""

    def __init__(self, model: PromptedNetwork) -> None:
        super().__init__()
        self.prompt: Prompt = model.prompt
        self.mapping: Mapping = model.mapping
        self.parameter_groups = model.parameter_groups

    def outputs(self, outputs_B: Tensor) -> Tensor:
        """The given outputs, which are those that the mapping reads."""
        return outputs_B

    def prompted(self, outputs_B: Tensor) -> list[tuple[Tensor, Tensor]]:
        raise AssertionError("what has no network has no lanes to share it with")

    def logits(self, outputs_B: Tensor) -> Tensor:
        return self.mapping(outputs_B)

    def forward(self, outputs_B: Tensor) -> Tensor:
        return self.logits(outputs_B)


Model = PromptedNetwork | MappingAlone
"""What is trained and evaluated: the whole model, or its mapping on cached outputs."""


@torch.inference_mode()
def outputs_of(model: PromptedNetwork, images: LabelledImages) -> Outputs:
    """The outputs for all images in order, on the CPU."""
    model.eval()
    watch = Stopwatch(images.device)
    with model.measuring() as norms:
        parts = [model.outputs(x_BHWC).cpu() for x_BHWC, _ in images.batches()]
    return Outputs(torch.cat(parts), watch.read(), model.linf_of(norms))


def with_cached_outputs(
    model: PromptedNetwork, splits: dict[str, LabelledImages], cache: Cache = no_cache
) -> tuple[MappingAlone, dict[str, LabelledImages], dict[str, Outputs]]:
    """The mapping alone, each split with outputs in place of images, and the splits' outputs."""
    found = {
        name: cache(
            f"{model.mapping.reads} {name}", lambda images=images: outputs_of(model, images)
        )
        for name, images in splits.items()
    }
    moved = {
        name: replace(images, images_NHWC=found[name].outputs_N).to(images.device)
        for name, images in splits.items()
    }
    return MappingAlone(model), moved, found
