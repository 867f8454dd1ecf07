"""Each of several prompts answers for a part of the network's own classes.

DVP, "decoupled visual prompts" (ICML 2025; code caichengyi/DecoupledVP, experiments/fs_dvp_cls.py):
the texts that CLIP compares images with are clustered by k-means, every prompt goes through the
network, and

    logit_s = logit_s of the image with prompt c(s),   c(s) the cluster of text s

which their code writes as a sum over prompts of logits that are 0 outside of the prompt's cluster.
Here texts are a CLIP-like network's classes; other networks' classes are clustered by the rows of
their classifier (our reading). Where a mapping reads features there are no classes to divide, and
it gets the mean over the prompts (our reading).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lorvp.errors import InputError
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads
from lorvp.prompts.base import Fit, Placement, Prompt, Space
from lorvp.prompts.several.base import Contents, InSeveralPasses, Several


class ByClassConfig(Several):
    """A prompt for each cluster of the network's classes; costs a pass for each."""

    kind: Literal["by_class"] = "by_class"

    def prompt(self, fit: Fit, contents: Contents, placement: Placement, space: Space) -> Prompt:
        return ByClass(fit, contents, placement, space)


class ByClass(InSeveralPasses):
    """``prompt_S`` has for each source class the number of its prompt; until classes have been
    clustered, it is the first for all."""

    prompt_S: Tensor
    looks_at = 1

    def __init__(self, fit: Fit, contents: Contents, placement: Placement, space: Space) -> None:
        super().__init__(fit, contents, placement, space)
        self._attached: tuple[FrozenNetwork, ...] = ()
        self.register_buffer("prompt_S", torch.zeros(0, dtype=torch.int64))

    def attach(self, network: FrozenNetwork, reads: Reads) -> None:
        # In a tuple, since a network that is an attribute would become a part of the prompt.
        self._attached, self.reads = (network,), reads
        if len(self.prompt_S) != network.source_classes:
            self.prompt_S = self.prompt_S.new_zeros(network.source_classes)

    def prepare(self, images: Iterable[Tensor]) -> None:
        if self.reads == "logits":
            (network,) = self._attached
            self.prompt_S.copy_(clusters(class_vectors(network), len(self.content.each)))

    def joined(self, outputs: Sequence[Tensor], reads: Reads) -> Tensor:
        if reads == "features":
            return super().joined(outputs, reads)
        found = outputs[0]
        for number, logits_BS in enumerate(outputs):
            found = torch.where(self.prompt_S == number, logits_BS, found)
        return found

    def _load_from_state_dict(self, state: Mapping[str, Any], prefix: str, *rest: Any) -> None:
        """Take any number of classes, since a prompt without a network does not know it."""
        if (saved := state.get(f"{prefix}prompt_S")) is not None:
            self.prompt_S = self.prompt_S.new_zeros(saved.shape)
        super()._load_from_state_dict(state, prefix, *rest)  # type: ignore[arg-type]


@torch.no_grad()
def class_vectors(network: FrozenNetwork) -> Tensor:
    """vectors_SD of the network's own classes: embedded texts, or the classifier's rows.

    Raises:
        InputError: the network has neither.
    """
    if network.text is not None:
        return F.normalize(network.text.encode(network.class_names), dim=1).cpu()
    linear = [part for part in network.plain.network.modules() if isinstance(part, nn.Linear)]
    if not linear or linear[-1].out_features != network.source_classes:
        raise InputError(
            "by_class divides classes by their texts or by the rows of the network's last layer, "
            "and this network ends in neither; use by_image or averaged"
        )
    return linear[-1].weight.cpu().float()


def clusters(vectors_SD: Tensor, number: int) -> Tensor:
    """The cluster, 0 .. ``number`` - 1, of each class, by k-means as in the published code.

    Raises:
        InputError: there are fewer classes than clusters.
    """
    if len(vectors_SD) < number:
        raise InputError(f"{number} prompts need as many source classes, not {len(vectors_SD)}")
    from sklearn.cluster import KMeans  # takes long to import

    found = KMeans(n_clusters=number, random_state=0, n_init=1).fit(vectors_SD.double().numpy())
    return torch.from_numpy(found.labels_).long()
