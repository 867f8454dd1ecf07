"""Each of several prompts answers for a part of the target classes.

DVP, "decoupled visual prompts" (ICML 2025; code caichengyi/DecoupledVP, experiments/fs_dvp_cls.py):
classes are clustered by k-means, every image goes through the network with each prompt, and

    logit_k = logit_k of the image with prompt c(k),   c(k) the cluster of class k

which their code writes as a sum over prompts of logits that are 0 outside of the prompt's cluster.
Theirs clusters the embeddings of texts that describe the classes, several for each, so that a class
can have texts of two prompts. Ours clusters the mean features of each class's training images
(our reading), so that any network and any mapping will do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor

from lorvp.errors import InputError
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads
from lorvp.prompts.base import Fit, Mapped, Placement, Prompt, Space
from lorvp.prompts.several.base import Contents, InSeveralPasses, Several, sized

EVERY = 2**40
"""More than the images of any dataset."""


class ByClassConfig(Several):
    """A prompt for each cluster of target classes; costs a pass for each."""

    kind: Literal["by_class"] = "by_class"

    def prompt(self, fit: Fit, contents: Contents, placement: Placement, space: Space) -> Prompt:
        return ByClass(fit, contents, placement, space)


class ByClass(InSeveralPasses):
    """``prompt_K`` has for each target class the number of its prompt; until classes have been
    clustered, it is the first for all. Outputs of all passes are kept, as outputs_BN."""

    prompt_K: Tensor
    looks_at = EVERY

    def __init__(self, fit: Fit, contents: Contents, placement: Placement, space: Space) -> None:
        super().__init__(fit, contents, placement, space)
        self._attached: tuple[FrozenNetwork, ...] = ()
        self.register_load_state_dict_pre_hook(sized("prompt_K"))
        self.register_buffer("prompt_K", torch.zeros(0, dtype=torch.int64))

    def attach(self, network: FrozenNetwork, reads: Reads, targets: int) -> None:
        # In a tuple, since a network that is an attribute would become a part of the prompt.
        self._attached = (network,)
        if len(self.prompt_K) != targets:
            self.prompt_K = self.prompt_K.new_zeros(targets)

    @torch.no_grad()
    def prepare(self, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        (network,) = self._attached
        number, classes_K = len(self.content.each), torch.arange(len(self.prompt_K))
        sums_KD = torch.zeros(len(classes_K), network.features, dtype=torch.float64)
        counts_K1 = torch.zeros(len(classes_K), 1, dtype=torch.float64)
        for images_BHWC, labels_B in batches:
            canvas_BCHW = self.fit(images_BHWC)
            found_BD = network.run(canvas_BCHW, torch.zeros_like(canvas_BCHW[:1]), "features")
            of_class_KB = (classes_K[:, None] == labels_B.cpu()).double()
            sums_KD += of_class_KB @ found_BD.cpu().double()
            counts_K1 += of_class_KB.sum(1, keepdim=True)
        seen_K = counts_K1[:, 0] > 0
        if int(seen_K.sum()) < number:
            raise InputError(
                f"{number} prompts need as many classes with training images, not "
                f"{int(seen_K.sum())}"
            )
        prompt_K = torch.zeros(len(classes_K), dtype=torch.int64)
        prompt_K[seen_K] = clusters((sums_KD / counts_K1)[seen_K], number)
        self.prompt_K.copy_(prompt_K)

    def joined(self, outputs: Sequence[Tensor]) -> Tensor:
        return torch.stack([*outputs], dim=1)

    def as_one(self, outputs: Tensor) -> Tensor:
        return outputs.mean(1)

    def logits(self, mapping: Mapped, outputs: Tensor) -> Tensor:
        found_BK, *others = (mapping(each) for each in outputs.unbind(1))
        for number, logits_BK in enumerate(others, start=1):
            found_BK = torch.where(self.prompt_K == number, logits_BK, found_BK)
        return found_BK


def clusters(vectors_KD: Tensor, number: int) -> Tensor:
    """The cluster, 0 .. ``number`` - 1, of each class, by k-means as in the published code."""
    from sklearn.cluster import KMeans  # takes long to import

    found = KMeans(n_clusters=number, random_state=0).fit(vectors_KD.numpy())
    return torch.from_numpy(found.labels_).long()
