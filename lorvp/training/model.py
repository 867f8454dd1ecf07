"""The whole in one module: prompt, frozen network, mapping.

The way of a batch, from images to what the mapping reads; each line calls the next:

    PromptedNetwork.outputs    lays images on the canvas and asks the prompt what it adds to them
    Prompt.run                 lets a method act inside the network (VPT) or train it (fine-tuning)
                               (for each pass of an image, if it has several; Prompt.joined)
    FrozenNetwork.run          adds the prompt, normalises
    read                       the classifier's logits, or its features

Trials run the network as an `Engine`, whose ``run`` goes by way of ``_run_piece``: part of a batch
at a time, and the prompt's part of the first layer apart from the images'.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.mappings.base import Mapping
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads
from lorvp.prompts.base import Prompt


class PromptedNetwork(nn.Module):
    """``mapping(network(normalise(fit(image) + content * placement)))``.

    Takes uint8 images_BHWC and returns logits_BK. Only the prompt and the mapping are trained,
    saved and switched between training and evaluation mode.
    """

    def __init__(
        self, prompt: Prompt, network: FrozenNetwork, mapping: Mapping, trained: bool = False
    ) -> None:
        """``trained``: the mapping's tensors are known, and will be loaded."""
        super().__init__()
        self.prompt, self.network, self.mapping = prompt, network, mapping
        self._norms: list[Tensor] | None = None
        prompt.attach(network, mapping.reads, mapping.target_classes)
        if not trained:
            mapping.attach(network)

    def added(self, canvas_BCHW: Tensor) -> Tensor:
        """What the prompt adds to canvases in [0, 1], in their units whatever its own space."""
        if self.prompt.space == "pixel":
            return self.prompt.added(canvas_BCHW)
        return self.prompt.added(self.network.normalise(canvas_BCHW)) * self.network.std_C11

    def passes(self, canvas_BCHW: Tensor) -> list[Tensor]:
        """``added`` for each pass through the network."""
        if self.prompt.space == "pixel":
            return self.prompt.passes(canvas_BCHW)
        std_C11, normalised_BCHW = self.network.std_C11, self.network.normalise(canvas_BCHW)
        return [added * std_C11 for added in self.prompt.passes(normalised_BCHW)]

    def outputs(self, images_BHWC: Tensor, reads: Reads | None = None) -> Tensor:
        """The network's logits_BS or features_BD: those that the mapping reads, unless told."""
        return self.outputs_of(self.prompted(images_BHWC), reads or self.mapping.reads)

    def outputs_of(self, prompted: Sequence[tuple[Tensor, Tensor]], reads: Reads) -> Tensor:
        """The network's outputs for what ``prompted`` gives."""
        outputs = [self.prompt.run(self.network, *each, reads) for each in prompted]
        return self.prompt.joined(outputs)

    def prompted(self, images_BHWC: Tensor) -> list[tuple[Tensor, Tensor]]:
        """canvas_BCHW in [0, 1], and what the prompt adds to it in the same units, for each of the
        prompt's passes."""
        canvas_BCHW = self.prompt.fit(images_BHWC)
        each = self.passes(canvas_BCHW)
        if self._norms is not None:
            norms = [torch.linalg.vector_norm(added.detach(), torch.inf) for added in each]
            self._norms.append(torch.stack(norms).max())
        return [(canvas_BCHW, added_BCHW) for added_BCHW in each]

    @contextmanager
    def measuring(self) -> Iterator[list[Tensor]]:
        """Yield a list, and append to it the L-infinity norm of what the prompt adds to each batch
        in this block."""
        norms: list[Tensor] = []
        self._norms = norms
        try:
            yield norms
        finally:
            self._norms = None

    def linf_of(self, norms: list[Tensor]) -> float | None:
        """The L-infinity norm of the prompt: the largest change of a pixel in any of these batches,
        in [0, 1]. None if the prompt acts inside the network, or a norm is infinite or NaN."""
        largest = float(torch.stack(norms).max())
        return None if self.prompt.inside_network or not math.isfinite(largest) else largest

    def logits(self, outputs: Tensor) -> Tensor:
        """logits_BK of what ``outputs`` gave."""
        return self.prompt.logits(self.mapping, outputs)

    def forward(self, images_BHWC: Tensor) -> Tensor:
        return self.logits(self.outputs(images_BHWC))

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """Trained parameters by role: the parts of the prompt, such as ``content`` and
        ``placement``, and ``mapping``."""
        roles = dict(self.prompt.named_children()) | {"mapping": self.mapping}
        groups = {role: list(module.parameters()) for role, module in roles.items()}
        return {role: parameters for role, parameters in groups.items() if parameters}

    def trained_state(self) -> dict[str, Tensor]:
        """Copies of the prompt's and the mapping's tensors, on the CPU."""
        return {name: tensor.detach().cpu().clone() for name, tensor in self._trained()}

    def load_trained_state(self, state: dict[str, Tensor]) -> None:
        """Put back what ``trained_state`` returned.

        Raises:
            InputError: the names or shapes are not those of this prompt and mapping.
        """
        own = dict(self._trained())
        if {k: v.shape for k, v in own.items()} != {k: v.shape for k, v in state.items()}:
            raise InputError(
                f"the saved tensors {sorted(state)} do not fit this prompt and mapping, "
                f"which have {sorted(own)} of other names or shapes"
            )
        with torch.no_grad():
            for name, tensor in own.items():
                tensor.copy_(state[name])

    def _trained(self) -> Iterator[tuple[str, Tensor]]:
        for role in ("prompt", "mapping"):
            for name, tensor in getattr(self, role).state_dict(keep_vars=True).items():
                yield f"{role}.{name}", tensor
