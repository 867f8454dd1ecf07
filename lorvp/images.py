"""Convert uint8 images to the size and range that networks read, and crop and flip them at random
in training where a recipe asks for it."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from lorvp.settings import Settings

Size = tuple[int, int]
"""Height and width in pixels."""


def unit(images_BCHW: Tensor) -> Tensor:
    """Grey levels 0..255 as numbers in [0, 1]."""
    return images_BCHW.to(torch.get_default_dtype()) / 255


def resized(images_BHWC: Tensor, size: Size, mode: str = "bilinear") -> Tensor:
    """uint8 images resized to uint8 images_BCHW; the aspect ratio is not kept.

    Antialiased, within a grey level or two of Pillow's filter of the same name.
    """
    images_BCHW = images_BHWC.permute(0, 3, 1, 2)
    if images_BCHW.shape[-2:] == size:
        return images_BCHW
    if images_BCHW.device.type == "cpu":
        # The permuted images are channels_last, which torch resizes in uint8: with AVX2 ten times
        # as fast as in floats, without AVX2 equally fast, with the same grey levels.
        return F.interpolate(images_BCHW, size=size, mode=mode, antialias=True)
    # Other devices resize floats only: columns, then rows, rounded to grey levels, as Pillow does.
    levels_BCHW = images_BCHW.float()
    for step in [(images_BCHW.shape[-2], size[1]), size]:
        moved_BCHW = F.interpolate(levels_BCHW, size=step, mode=mode, antialias=True)
        levels_BCHW = moved_BCHW.clamp(0, 255).round()
    return levels_BCHW.to(torch.uint8)


def random_windows(
    images_BCHW: Tensor, size: Size, generator: torch.Generator | None = None
) -> Tensor:
    """A random window of ``size`` from each image; all positions are equally likely."""
    batch, _, *large = images_BCHW.shape
    if tuple(large) == size:
        return images_BCHW
    device = images_BCHW.device
    top_B, left_B = (
        torch.randint(a - b + 1, (batch,), generator=generator, device=device)
        for a, b in zip(large, size, strict=True)
    )
    rows_BH1 = (top_B[:, None] + torch.arange(size[0], device=device))[:, :, None]
    columns_B1W = (left_B[:, None] + torch.arange(size[1], device=device))[:, None, :]
    image_B11 = torch.arange(batch, device=device)[:, None, None]
    windows_BHWC = images_BCHW.permute(0, 2, 3, 1)[image_B11, rows_BH1, columns_B1W]
    return windows_BHWC.permute(0, 3, 1, 2)


class Augmentation(Settings):
    """Changes to training images, drawn anew whenever an image is seen; none by default.

    The published ``Resize(252), RandomCrop(224), RandomHorizontalFlip`` is ``enlarge: 1.125``
    (252 / 224) with ``flip: true``.
    """

    enlarge: float = Field(default=1.0, ge=1, le=4)
    """Images are laid this many times larger, and a random window of the right size is kept."""
    flip: bool = False
    """Left and right change places in every second image."""

    def __call__(
        self,
        images_BHWC: Tensor,
        size: Size,
        mode: str = "bilinear",
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """uint8 images_BCHW of the given size; random numbers come from the images' device."""
        larger = round(self.enlarge * size[0]), round(self.enlarge * size[1])
        images_BCHW = random_windows(resized(images_BHWC, larger, mode), size, generator)
        return self.flipped(images_BCHW, generator)

    def flipped(self, images_BCHW: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Some of the images mirrored, where this is asked for."""
        if not self.flip:
            return images_BCHW
        shape, device = (len(images_BCHW), 1, 1, 1), images_BCHW.device
        turned_B111 = torch.rand(shape, generator=generator, device=device) < 0.5
        return torch.where(turned_B111, images_BCHW.flip(3), images_BCHW)
