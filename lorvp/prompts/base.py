"""A prompt: what is added to an image (content) and where (placement), on a canvas (fit).

Every content, placement and fit keeps one of the three small contracts below. A method is
a named composition of the three; see ``lorvp.prompts.methods``.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

Size = tuple[int, int]
"""Height and width of the canvas in pixels: the input size of the network."""

Space = Literal["pixel", "normalised"]
"""Whether a prompt is added to images in [0, 1] or after the network's mean and std."""


class Fit(nn.Module):
    """Lays images on the canvas.

    ``forward`` takes uint8 images_BHWC of any size and returns float canvas_BCHW in [0, 1].
    """

    def forward(self, images_BHWC: Tensor) -> Tensor:
        raise NotImplementedError


class Content(nn.Module):
    """What is added: ``forward()`` returns one signed image_CHW of the canvas's size."""

    def forward(self) -> Tensor:
        raise NotImplementedError


class Placement(nn.Module):
    """Where it is added, as factors that multiply the content.

    ``forward`` takes canvas_BCHW and returns a mask that broadcasts against it: (1,1,H,W) when
    it is the same for every image, (B,1,H,W) when each image has its own.
    ``support_HW`` (bool) tells which pixels can ever be reached; contents that store one value
    per pixel store none elsewhere.
    """

    support_HW: Tensor

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        raise NotImplementedError

    def end_epoch(self) -> None:
        """Called by the trainer after each epoch; temperatures fall here."""


class Prompt(nn.Module):
    """``canvas + content * placement``, in the space the method works in."""

    def __init__(self, fit: Fit, content: Content, placement: Placement, space: Space) -> None:
        super().__init__()
        self.fit, self.content, self.placement, self.space = fit, content, placement, space

    def forward(self, canvas_BCHW: Tensor) -> Tensor:
        """Add the prompt to canvases that are already in this prompt's ``space``."""
        return canvas_BCHW + self.content() * self.placement(canvas_BCHW)

    def end_epoch(self) -> None:
        """Pass the end of an epoch on to the placement."""
        self.placement.end_epoch()
