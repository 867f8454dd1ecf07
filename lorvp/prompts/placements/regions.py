"""AdaViPro: each image chooses, region by region, whether it is prompted.

Yang et al., "AdaViPro: Region-based Adaptive Visual Prompt for Large-Scale Models Adapting"
(ICIP 2024, arXiv 2403.13282). No code was published. From the paper: a fixed Laplacian finds
edges; a convergence layer F_c (3 -> D channels) and a policy layer F_p (D -> 2) turn them into
two logits per square region; Gumbel-softmax decides during training, argmax at test time.

Our reading, since the paper leaves it open: edges are taken per channel (`edges: grey` takes
the mean colour's instead, for all three); F_c is 3x3; F_p's kernel and stride are the region's
side, which reproduces the reported parameter counts; the training decision is hard forward and
soft backward (straight-through).
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from lorvp.prompts.base import Canvas, Fit, Placement, Size, enlarged, require_tiling
from lorvp.settings import Count, Positive, Settings, Symbol

COLDEST = 1e-3
"""tau falls no lower: here the relaxation is already a step, and 0.9^1000 would be 0 in float32."""

Edges = Literal["colour", "grey"]


class RegionsConfig(Settings):
    """Add the content to the regions that a small network chooses for each image."""

    kind: Literal["regions"] = "regions"
    side: Annotated[Count, Symbol("s")] = 32
    """Side of a square region in pixels; the paper has 8, 16, 32 (best on most sets) and 56."""
    hidden: Count = 64
    """D, the channels between the two layers; the paper's default is 64, its small one 8."""
    temperature: Positive = 5.0
    """tau at the start: high lets both choices carry gradient."""
    decay: float = Field(default=0.98, gt=0, le=1)
    """gamma: tau is multiplied by it after each epoch (the paper trains 1000 epochs)."""
    edges: Edges = "colour"
    """Whether edges are looked for in each colour or in their mean; the paper does not say."""

    def build(self, canvas: Canvas, fit: Fit) -> Regions:
        return Regions(
            canvas.size, self.side, self.hidden, self.temperature, self.decay, self.edges
        )


class Regions(Placement):
    """A mask of zeros and ones, constant on squares of ``side`` pixels, one for each image."""

    temperature: Tensor
    laplacian: Tensor
    shown_RR: Tensor
    images: Tensor

    def __init__(
        self,
        size: Size,
        side: int,
        hidden: int,
        temperature: float = 5.0,
        decay: float = 0.98,
        edges: Edges = "colour",
    ) -> None:
        super().__init__()
        require_tiling("regions", side, size)
        self.side, self.decay, self.edges = side, decay, edges
        self.converge = nn.Conv2d(3, hidden, kernel_size=3, padding=1)
        self.policy = nn.Conv2d(hidden, 2, kernel_size=side, stride=side)
        self.register_buffer("temperature", torch.tensor(temperature))
        kernel = torch.tensor([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
        self.register_buffer("laplacian", kernel.expand(3, 1, 3, 3).clone(), persistent=False)
        self.register_buffer("support_HW", torch.ones(size, dtype=torch.bool), persistent=False)
        # For how many images each region was shown in this epoch, and the number of images.
        shown_RR = torch.zeros(size[0] // side, size[1] // side)
        self.register_buffer("shown_RR", shown_RR, persistent=False)
        self.register_buffer("images", torch.zeros((), dtype=torch.int64), persistent=False)

    def decisions(self, canvas_BCHW: Tensor) -> Tensor:
        """1 where a region is prompted, (B, 1, H/side, W/side): sampled in training mode."""
        if self.edges == "grey":
            canvas_BCHW = canvas_BCHW.mean(1, keepdim=True).expand_as(canvas_BCHW)
        edges_BCHW = F.conv2d(canvas_BCHW, self.laplacian, padding=1, groups=3)
        kernel, bias = self._merged_layers()
        logits_B2RR = F.conv2d(edges_BCHW, kernel, bias, stride=self.side, padding=1)
        if self.training:
            return self._sampled(logits_B2RR)[:, 1:]
        return (logits_B2RR[:, 1:] > logits_B2RR[:, :1]).to(canvas_BCHW.dtype)

    def _sampled(self, logits_B2RR: Tensor) -> Tensor:
        """Gumbel-softmax, hard on the way forward and soft on the way back (torch's own draws from
        the global generator, and takes no temperature that lies on a GPU)."""
        noise_B2RR = self.drawn(lambda: self._noise(logits_B2RR))
        soft_B2RR = ((logits_B2RR + noise_B2RR) / self.temperature).softmax(1)
        hard_B2RR = torch.zeros_like(soft_B2RR).scatter(1, soft_B2RR.argmax(1, keepdim=True), 1.0)
        return hard_B2RR - soft_B2RR.detach() + soft_B2RR

    def _noise(self, like_B2RR: Tensor) -> Tensor:
        """Gumbel's."""
        exponential_B2RR = torch.empty_like(like_B2RR, memory_format=torch.contiguous_format)
        return -exponential_B2RR.exponential_(generator=self.generator).log()

    def _merged_layers(self) -> tuple[Tensor, Tensor]:
        """Kernel and bias of the one convolution that the two layers are, as nothing stands between
        them: its kernel is theirs convolved. It saves ``hidden`` values for every pixel."""
        turned = self.converge.weight.transpose(0, 1).flip(2, 3)
        kernel = F.conv2d(self.policy.weight, turned, padding=2)
        assert self.policy.bias is not None
        assert self.converge.bias is not None
        return kernel, self.policy.bias + self.policy.weight.sum((2, 3)) @ self.converge.bias

    def judged_HW(self, image_HW: Tensor) -> Tensor:
        """The regions that see some of the image, as whole squares."""
        # Two convolutions of 3x3 reach two pixels beyond the region.
        seen_11HW = F.max_pool2d(image_HW[None, None].float(), 5, stride=1, padding=2)
        return enlarged(F.max_pool2d(seen_11HW, self.side), self.side)[0, 0].bool()

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        chosen_B1RR = self.decisions(canvas_BCHW)
        if self.training:
            self.shown_RR += chosen_B1RR.detach().sum((0, 1))
            self.images += len(chosen_B1RR)
        return enlarged(chosen_B1RR, self.side)

    def end_epoch(self) -> dict[str, float]:
        """Lower the temperature. Records the share of regions shown in this epoch, and of regions
        shown hardly ever or nearly always (for less than 5 % or more than 95 % of the images)."""
        share_RR = self.shown_RR / self.images.clamp(min=1)
        record = {
            "temperature": float(self.temperature),
            "regions_shown": float(share_RR.mean()),
            "regions_never_shown": float((share_RR < 0.05).double().mean()),
            "regions_always_shown": float((share_RR > 0.95).double().mean()),
        }
        self.temperature.mul_(self.decay).clamp_(min=COLDEST)
        self.shown_RR.zero_()
        self.images.zero_()
        return record
