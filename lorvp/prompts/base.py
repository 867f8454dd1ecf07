"""A prompt: what is added to an image (content) and where (placement), on a canvas (fit).

Every fit, placement and content keeps one of the three small contracts below. A method is
a named composition of the three; see ``lorvp.prompts.methods``. They are built in this order,
since each needs to know the one before: ``fit(canvas)``, ``placement(canvas, fit)``,
``content(canvas, placement)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from lorvp.augmentation.settings import Augmentation
from lorvp.errors import InputError
from lorvp.images import Size, unit
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Canvas, Interpolation, Reads
from lorvp.prompts.draws import Drawing, Kept

__all__ = ["Canvas", "Content", "Fit", "Placement", "Prompt", "Size", "Space"]

Mapped = Callable[[Tensor], Tensor]
"""A mapping's way from outputs to logits_BK."""
Space = Literal["pixel", "normalised"]
"""Whether a prompt is added to images in [0, 1] or after the network's mean and std."""


class Fit(Drawing):
    """Lays images on the canvas.

    ``forward`` takes uint8 images_BHWC of any size and returns float canvas_BCHW in [0, 1].
    """

    augmentation = Augmentation()
    """Random changes of training images, from the recipe."""
    whole_HW: Tensor

    def __init__(self, size: Size, interpolation: Interpolation = "bilinear") -> None:
        super().__init__()
        self.size, self.interpolation = size, interpolation
        whole_HW = torch.ones(size, dtype=torch.bool)
        self.register_buffer("whole_HW", whole_HW, persistent=False)

    @property
    def draws(self) -> bool:
        """Whether training lays the same image differently each time."""
        return self.augmentation != Augmentation()

    def image_HW(self) -> Tensor:
        """Which pixels of the canvas hold the image (bool); all, unless a fit leaves some free."""
        return self.whole_HW

    def ever_free_HW(self) -> Tensor:
        """Which pixels the image can leave free (bool), as training may move its edge."""
        return ~self.image_HW()

    def lay(self, images_BHWC: Tensor, size: Size) -> Tensor:
        """images_BCHW in [0, 1] of the given size, augmented in training mode."""
        if not self.training:
            return unit(self.augmentation.evaluated(images_BHWC, size, self.interpolation))
        return self.drawn(
            lambda: unit(self.augmentation(images_BHWC, size, self.interpolation, self.generator))
        )

    def forward(self, images_BHWC: Tensor) -> Tensor:
        raise NotImplementedError


class Placement(Drawing):
    """Where a content is added, as factors that multiply it.

    ``forward`` takes canvas_BCHW and returns a mask that broadcasts against it: first dimension
    1 when it is the same for every image, B when each image has its own; second dimension 1, or
    C when it weighs colours differently. ``support_HW`` (bool) tells which pixels can ever be
    reached.
    """

    support_HW: Tensor

    @property
    def content_HW(self) -> Tensor:
        """Where contents have values (bool); contents with one value per pixel store no others.
        It differs from the support if the placement moves its content about."""
        return self.support_HW

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        raise NotImplementedError

    def place(self, content_CHW: Tensor, canvas_BCHW: Tensor) -> Tensor:
        """What is added to these canvases; each may also have a content of its own."""
        return content_CHW * self(canvas_BCHW)

    def judged_HW(self, image_HW: Tensor) -> Tensor:
        """Where an image that covers ``image_HW`` decides about the mask (bool)."""
        return torch.ones_like(image_HW)

    def end_epoch(self) -> dict[str, float]:
        """Called by the trainer after each epoch; temperatures fall here.

        Returns what is worth recording of the epoch's placements, by name.
        """
        return {}


class Content(nn.Module):
    """What is added: ``forward()`` returns one signed image_CHW of the canvas's size."""

    def forward(self) -> Tensor:
        raise NotImplementedError


class Prompt(nn.Module):
    """``canvas + content * placement``, in the space the method works in.

    A subclass that trains more puts it into a child module, whose name becomes the name of a group
    of parameters.
    """

    inside_network = False
    """Whether it acts inside the network, where no pixel shows what it does."""
    space: Space
    looks_at = 0
    """How many training images ``prepare`` wants to see; it is not called for 0."""
    extra_looks = 0
    """Forward passes of an image through the network besides those of ``passes``."""

    def __init__(self, fit: Fit, content: Content, placement: Placement, space: Space) -> None:
        super().__init__()
        self.fit, self.content, self.placement, self.space = fit, content, placement, space

    @property
    def fixed(self) -> bool:
        """Whether the network is given the same images in every epoch, for nothing is trained or
        drawn."""
        return next(self.parameters(), None) is None and not self.fit.draws

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        """Add the prompt to canvases that are already in this prompt's ``space``."""
        return canvas_BCHW + self.added(canvas_BCHW)

    def added(self, canvas_BCHW: Tensor) -> Tensor:
        """What is added to these canvases, which are in this prompt's ``space``; one image_1CHW
        for all of them unless each has its own."""
        return self.placement.place(self.content(), canvas_BCHW)

    def passes(self, canvas_BCHW: Tensor) -> list[Tensor]:
        """What is added in each pass of these canvases through the network: there is one, but
        where several prompts are for the same image."""
        return [self.added(canvas_BCHW)]

    def joined(self, outputs: Sequence[Tensor]) -> Tensor:
        """The network's outputs of all ``passes`` in one tensor, images first."""
        (output,) = outputs
        return output

    def as_one(self, outputs: Tensor) -> Tensor:
        """What ``joined`` gave as if it were of one pass, for mappings that count or observe."""
        return outputs

    def logits(self, mapping: Mapped, outputs: Tensor) -> Tensor:
        """logits_BK of what ``joined`` gave."""
        return mapping(outputs)

    def prepare(self, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Called once before training with batches of training images_BHWC and labels_B, for
        prompts that divide images or classes among them; it may wait for the device.

        Raises:
            InputError: they cannot be divided.
        """

    def draw_from(self, generator: torch.Generator) -> None:
        """Take the random numbers of training from ``generator``, which lies where images do."""
        for part in self.modules():
            if isinstance(part, Drawing):
                part.generator = generator

    def keep_draws(self, kept: Kept | None) -> None:
        """Draw once for all looks of a step, which share ``kept``; with None, anew each time."""
        for part in self.modules():
            if isinstance(part, Drawing):
                part.kept = kept

    def attach(self, network: FrozenNetwork, reads: Reads, targets: int) -> None:
        """Called once with the network before training; the mapping will read its ``reads``, and
        there are so many target classes."""

    def look_through(self, network: FrozenNetwork) -> None:
        """Look at unprompted images through this form of the network from now on, for prompts that
        do."""

    def run(
        self, network: FrozenNetwork, canvas_BCHW: Tensor, added_BCHW: Tensor, reads: Reads
    ) -> Tensor:
        """The network's output for canvases in [0, 1] and what is added to them in the same
        units; methods that act inside the network (``inside_network``) replace this."""
        return network.run(canvas_BCHW, added_BCHW, reads)

    def account(self, network: FrozenNetwork) -> dict[str, str]:
        """How the network computes with this prompt; see `FrozenNetwork.account`."""
        return network.account()

    def end_epoch(self) -> dict[str, float]:
        """Pass the end of an epoch on to the placement."""
        return self.placement.end_epoch()


def require_tiling(what: str, side: int, size: Size) -> None:
    """Refuse squares (``what`` names them) that do not tile the canvas.

    Raises:
        InputError: the canvas's height or width is no multiple of ``side``.
    """
    height, width = size
    if height % side or width % side:
        raise InputError(f"{what} of side {side} do not tile the network's {height}x{width} input")


def enlarged(grid_BCRR: Tensor, side: int) -> Tensor:
    """Every value as a square of ``side`` pixels."""
    return grid_BCRR.repeat_interleave(side, 2).repeat_interleave(side, 3)
