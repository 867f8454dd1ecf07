"""What a recipe changes at random in training images."""

from __future__ import annotations

import torch
from pydantic import Field, model_validator
from torch import Tensor

from lorvp.augmentation.resized_crop import random_resized_crops
from lorvp.augmentation.windows import middle_window, random_windows
from lorvp.images import Size, resized
from lorvp.settings import Settings

RATIO = 4 / 3
"""torchvision's, either way."""


class Augmentation(Settings):
    """Changes to training images, drawn anew whenever an image is seen; none by default.

    The published ``Resize(252), RandomCrop(224), RandomHorizontalFlip`` is ``enlarge: 1.125``
    (252 / 224) with ``flip: true``, and ``RandomResizedCrop(224)`` is ``crop_scale: 0.08``.
    """

    enlarge: float = Field(default=1.0, ge=1, le=4)
    """Images are laid this many times larger, and a random window of the right size is kept."""
    centre: bool = False
    """In evaluation, images are laid as much larger, and the window in the middle is kept (VPT's
    Resize(256), CenterCrop(224)); the whole image otherwise (SMM, ILM-VP)."""
    crop_scale: float | None = Field(default=None, gt=0, le=1)
    """RandomResizedCrop: a random part with between this share and all of an image's area, resized
    to the right size (AttrVR: torchvision's 0.08)."""
    crop_ratio: float = Field(default=RATIO, ge=1, le=16)
    """Longer side of such a part by the shorter, before it is resized; at most."""
    flip: bool = False
    """Left and right change places in every second image."""
    trivial: bool = False
    """TrivialAugmentWide: one of 14 changes of form or colour to each image, of random strength
    (ACAVP)."""

    @model_validator(mode="after")
    def _says_what_it_does(self) -> Augmentation:
        if self.crop_scale is not None and self.enlarge > 1:
            raise ValueError("takes enlarge or crop_scale, not both: each says which part is seen")
        if self.centre and self.enlarge == 1:
            raise ValueError("centre is the middle of an enlarged image: it needs enlarge above 1")
        if self.crop_scale is None and self.crop_ratio != RATIO:
            raise ValueError("crop_ratio is of a random part: it needs crop_scale")
        return self

    def __call__(
        self,
        images_BHWC: Tensor,
        size: Size,
        mode: str = "bilinear",
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """uint8 images_BCHW of the given size, for training; random numbers come from the images'
        device."""
        if self.crop_scale is not None:
            cropped_BCHW = self.cropped(images_BHWC, size, mode, generator)
        else:
            larger_BCHW = resized(images_BHWC, self.larger(size), mode)
            cropped_BCHW = random_windows(larger_BCHW, size, generator)
        return self.changed(cropped_BCHW, generator)

    def cropped(
        self, images_BHWC: Tensor, size: Size, mode: str, generator: torch.Generator | None
    ) -> Tensor:
        """Random parts of the images, where these are asked for."""
        assert self.crop_scale is not None
        return random_resized_crops(
            images_BHWC, size, mode, self.crop_scale, self.crop_ratio, generator
        )

    def changed(self, images_BCHW: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Some of the images mirrored, and each changed, where this is asked for."""
        if self.flip:
            shape, device = (len(images_BCHW), 1, 1, 1), images_BCHW.device
            turned_B111 = torch.rand(shape, generator=generator, device=device) < 0.5
            images_BCHW = torch.where(turned_B111, images_BCHW.flip(3), images_BCHW)
        if self.trivial:
            from lorvp.augmentation.trivial import trivially_augmented

            return trivially_augmented(images_BCHW, generator)
        return images_BCHW

    def evaluated(self, images_BHWC: Tensor, size: Size, mode: str = "bilinear") -> Tensor:
        """uint8 images_BCHW of the given size as evaluation sees them: nothing is random."""
        if not self.centre:
            return resized(images_BHWC, size, mode)
        return middle_window(resized(images_BHWC, self.larger(size), mode), size)

    def larger(self, size: Size) -> Size:
        """The size at which images are laid before a window is kept."""
        return round(self.enlarge * size[0]), round(self.enlarge * size[1])
