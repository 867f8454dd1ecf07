"""For each target class the source classes that the network predicts most often.

Chen et al., "Understanding and Improving Visual Prompting: A Label-Mapping Perspective" (CVPR
2023, arXiv 2211.11635): `flm` counts once before training, `ilm` again before every few epochs,
as the prompt changes. Several sources per target are AutoVP's FreqMap and IterMap (arXiv
2310.08381). `evp_index` is the mapping that EVP's code (arXiv 2212.10556) means to use: the most
frequent prediction of each class, even where two classes share it.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch import Tensor

from lorvp.mappings.selection import Selection
from lorvp.mappings.settings import MappingSettings
from lorvp.networks.interface import Ends
from lorvp.settings import COUNTED_AS_THEY_ARE, Count, Differs, Origin


class FlmConfig(MappingSettings):
    """The source classes predicted most often, counted once, with the prompt at its start
    values.

    Frequency label mapping.
    """

    kind: Literal["flm"] = "flm"
    per_target: Count = 1
    """Source classes of each target class, whose logits are averaged."""
    augmented: bool = False
    """Count on augmented training images; see `ilm`."""

    origin: ClassVar[Origin] = Origin(
        paper="ILM-VP, Chen et al., CVPR 2023, arXiv 2211.11635; several sources: AutoVP",
        formula="mean over m of z[source_km], the most frequent predictions of class k",
        recipe="ILM-VP's code",
        differs=(COUNTED_AS_THEY_ARE,),
    )

    def build(self, ends: Ends) -> Selection:
        ends.require_sources(self.kind, self.per_target)
        return Frequency(ends.target_classes, self.per_target, interval=None).counting(
            self.augmented
        )


class IlmConfig(MappingSettings):
    """The source classes predicted most often, counted before each epoch with the prompt as it
    is.

    Iterative label mapping.
    """

    kind: Literal["ilm"] = "ilm"
    per_target: Count = 1
    """Source classes of each target class, whose logits are averaged."""
    interval: Count = 1
    """Epochs from one count to the next; the published code recounts before every epoch."""
    augmented: bool = False
    """Count on training images as steps see them, augmented at random. So do the codes of SMM and
    BLM, whose recipes augment; ILM-VP's own does not."""

    origin: ClassVar[Origin] = Origin(
        paper="ILM-VP, Chen et al., CVPR 2023, arXiv 2211.11635; several sources: AutoVP",
        formula="as flm, counted again before each epoch",
        recipe="ILM-VP's code",
        differs=(COUNTED_AS_THEY_ARE,),
    )

    def build(self, ends: Ends) -> Selection:
        ends.require_sources(self.kind, self.per_target)
        return Frequency(ends.target_classes, self.per_target, self.interval).counting(
            self.augmented
        )


class IlmOnlineConfig(MappingSettings):
    """As `ilm`, counted in the training steps of the epoch before instead of in a pass of its
    own.

    Cheaper, but the counts are of prompts that were still moving, and of augmented images. (These
    the codes of SMM and BLM count as well: ``augmented`` of `ilm`.)
    """

    kind: Literal["ilm_online"] = "ilm_online"
    per_target: Count = 1
    """Source classes of each target class, whose logits are averaged."""

    origin: ClassVar[Origin] = Origin(
        paper="ours, after ILM-VP",
        formula="as flm, from the counts of the last epoch's steps",
        recipe="none",
    )

    def build(self, ends: Ends) -> Selection:
        ends.require_sources(self.kind, self.per_target)
        return Online(ends, self.per_target)


class EvpIndexConfig(MappingSettings):
    """The most frequent prediction of each class, even if two share it.

    EVP's code counts other images: cropped to 164 pixels without the frame around them or the
    network's normalisation, and of each class only as many as N / K of N training images.
    """

    kind: Literal["evp_index"] = "evp_index"
    augmented: bool = False
    """Count on augmented training images, as EVP's code does; see `ilm`."""

    origin: ClassVar[Origin] = Origin(
        paper="EVP, Wu et al., TMLR 2024, arXiv 2212.10556",
        formula="z[source_k], the most frequent prediction of class k",
        recipe="EVP's code (get_index.py)",
        differs=(
            Differs(
                "counts answers to all training images as they are prompted, not to bare, "
                "unnormalised and augmented ones, the first floor(N / K) of each class",
            ),
        ),
    )

    def build(self, ends: Ends) -> Selection:
        return Mode(ends.target_classes).counting(self.augmented)


class Frequency(Selection):
    """A selection that follows the counts, every ``interval`` epochs or only before the first."""

    def __init__(self, target_classes: int, per_target: int, interval: int | None) -> None:
        super().__init__(target_classes, per_target)
        self.interval = interval

    def due(self, epoch: int) -> bool:
        return epoch == 0 if self.interval is None else epoch % self.interval == 0

    def refresh(self, counts_SK: Tensor) -> None:
        self.source_KM.copy_(greedy(counts_SK, self.source_KM.shape[1]))


class Online(Frequency):
    """Counted once before training, and from then on in the training steps."""

    seen_SK: Tensor

    def __init__(self, ends: Ends, per_target: int) -> None:
        super().__init__(ends.target_classes, per_target, interval=None)
        seen_SK = torch.zeros(ends.source_classes, ends.target_classes, dtype=torch.int64)
        self.register_buffer("seen_SK", seen_SK, persistent=False)

    def observe(self, outputs: Tensor, labels_B: Tensor) -> None:
        self.seen_SK += self.count(outputs, labels_B)

    def begin_epoch(self, epoch: int) -> None:
        if epoch > 0:
            self.refresh(self.seen_SK)
        self.seen_SK.zero_()


class Mode(Frequency):
    """The argmax of each column of the counts; ties go to the smallest source."""

    def __init__(self, target_classes: int) -> None:
        super().__init__(target_classes, per_target=1, interval=None)
        # Targets may outnumber the sources, so the identity is no start.
        self.source_KM.zero_()

    def refresh(self, counts_SK: Tensor) -> None:
        self.source_KM.copy_(counts_SK.argmax(0)[:, None])


def greedy(counts_SK: Tensor, per_target: int = 1) -> Tensor:
    """The source classes of each target class, source_KM, from counts of predictions.

    The largest count is taken first and blocks its source, and its target once that has
    ``per_target`` sources; ties go to the smallest source, then the smallest target. Targets whose
    remaining counts are all zero (never predicted, or absent from the training images) take the
    unused source classes in index order, as repeated argmax over the matrix would.
    """
    sources, targets = torch.nonzero(counts_SK, as_tuple=True)
    order = torch.argsort(counts_SK[sources, targets], descending=True, stable=True)
    chosen: list[list[int]] = [[] for _ in range(counts_SK.shape[1])]
    used: set[int] = set()
    for s, t in zip(sources[order].tolist(), targets[order].tolist(), strict=True):
        if s not in used and len(chosen[t]) < per_target:
            chosen[t].append(s)
            used.add(s)
    unused = (s for s in range(counts_SK.shape[0]) if s not in used)
    for own in chosen:
        own += [next(unused) for _ in range(per_target - len(own))]
    return torch.tensor(chosen, dtype=torch.int64, device=counts_SK.device)
