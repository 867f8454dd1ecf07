"""Each image takes one of several prompts: that of the cluster of images to which it is nearest.

DAM-VP (Huang et al., CVPR 2023, arXiv 2303.08138): before training, the features that the frozen
network gives for unprompted training images are clustered, by agglomeration with average linkage
as in their code (shikiw/DAM-VP, task_adapting/adapter.py); an image's prompt is that of the nearest
centre, by Euclidean distance, and an image's features take a pass through the network of their own.

Our reading: the tree of clusters is cut where there are ``number`` of them, so that the number of
trained values is known beforehand. Their code cuts it at a distance that it lists for each network.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from lorvp.errors import InputError
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads
from lorvp.prompts.base import Fit, Placement, Prompt, Space
from lorvp.prompts.several.base import Contents, Several, sized


class ByImageConfig(Several):
    """A prompt for each cluster of images; costs a forward pass for an image's features."""

    kind: Literal["by_image"] = "by_image"
    clustered: int = Field(default=1000, ge=2, le=4096)
    """Training images that are clustered, drawn at random; the published code takes 1000."""

    def prompt(self, fit: Fit, contents: Contents, placement: Placement, space: Space) -> Prompt:
        return ByImage(fit, contents, placement, space, self.clustered)


class ByImage(Prompt):
    """``centres_ND`` are the clusters' mean features. Until there are any, each image takes the
    first prompt."""

    content: Contents
    centres_ND: Tensor
    extra_looks = 1

    def __init__(
        self, fit: Fit, contents: Contents, placement: Placement, space: Space, clustered: int
    ) -> None:
        super().__init__(fit, contents, placement, space)
        self.looks_at = clustered
        self._attached: tuple[FrozenNetwork, ...] = ()
        self.register_load_state_dict_pre_hook(sized("centres_ND"))
        self.register_buffer("centres_ND", torch.zeros(len(contents.each), 0))

    def look_through(self, network: FrozenNetwork) -> None:
        # In a tuple, since a network that is an attribute would become a part of the prompt.
        self._attached = (network,)

    def attach(self, network: FrozenNetwork, reads: Reads, targets: int) -> None:
        self.look_through(network)
        if self.centres_ND.shape[1] != network.features:
            self.centres_ND = self.centres_ND.new_zeros(len(self.centres_ND), network.features)

    @torch.no_grad()
    def prepare(self, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        number = len(self.centres_ND)
        parts = [self._features(self.fit(x_BHWC), "pixel").cpu() for x_BHWC, _ in batches]
        found_MD = torch.cat(parts).double()
        if len(found_MD) < number:
            raise InputError(f"{number} prompts need as many training images, not {len(found_MD)}")
        cluster_M = clusters(found_MD, number)
        centres = [found_MD[cluster_M == n].mean(0) for n in range(number)]
        self.centres_ND.copy_(torch.stack(centres))

    def added(self, canvas_BCHW: Tensor) -> Tensor:
        contents_NCHW, chosen_B1 = self.content.all_NCHW(), self.chosen(canvas_BCHW)[:, None]
        numbers_N = torch.arange(len(contents_NCHW), device=canvas_BCHW.device)
        chosen_BN = (chosen_B1 == numbers_N).to(contents_NCHW.dtype)
        # A product of matrices: the gradient of a selection by index has no fixed order on a GPU.
        content_BP = chosen_BN @ contents_NCHW.flatten(1)
        content_BCHW = content_BP.view(-1, *contents_NCHW.shape[1:])
        return self.placement.place(content_BCHW, canvas_BCHW)

    @torch.no_grad()
    def chosen(self, canvas_BCHW: Tensor) -> Tensor:
        """The number of each image's prompt."""
        if not self._attached:
            return torch.zeros(len(canvas_BCHW), dtype=torch.int64, device=canvas_BCHW.device)
        centres_ND = self.centres_ND
        # |f - c|^2 without |f|^2, which is the same for all centres.
        found_BD = self._features(canvas_BCHW, self.space)
        return ((centres_ND**2).sum(1) - 2 * found_BD @ centres_ND.T).argmin(1)

    def _features(self, canvas_BCHW: Tensor, space: Space) -> Tensor:
        """The network's features_BD for canvases in ``space`` without a prompt."""
        (network,) = self._attached
        if space == "normalised":
            return network(canvas_BCHW, "features")
        return network.run(canvas_BCHW, torch.zeros_like(canvas_BCHW[:1]), "features")


def clusters(features_MD: Tensor, number: int) -> Tensor:
    """The cluster, 0 .. ``number`` - 1, of each image: the two with the least mean distance of
    their images are joined, until there are ``number``."""
    from sklearn.cluster import AgglomerativeClustering  # takes long to import

    found = AgglomerativeClustering(n_clusters=number, linkage="average").fit(features_MD.numpy())
    return torch.from_numpy(found.labels_)
