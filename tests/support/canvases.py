"""Images on canvases, laid and scaled pixel by pixel."""

import math

import torch
from torch import Tensor

BLACK = (0.0, 0.0, 0.0)


def first(extent: int, side: int) -> int:
    """Where the image begins: an odd rest goes to the left and the top."""
    return (extent - side + 1) // 2


def on_canvas(image_CHW: Tensor, size: tuple[int, int], colour: tuple[float, ...]) -> Tensor:
    """A square in the middle of a canvas, pixel by pixel."""
    side = image_CHW.shape[1]
    found = torch.zeros(3, *size)
    for c in range(3):
        for y in range(size[0]):
            for x in range(size[1]):
                row, column = y - first(size[0], side), x - first(size[1], side)
                inside = 0 <= row < side and 0 <= column < side
                found[c, y, x] = image_CHW[c, row, column] if inside else colour[c]
    return found


def levels(images_NHWC: Tensor) -> Tensor:
    """Images in [0, 1]."""
    return images_NHWC.permute(0, 3, 1, 2).double() / 255


def pixel(image_CHW: Tensor, row: int, column: int, colour: Tensor) -> Tensor:
    """A pixel of the image, or the colour outside of it."""
    inside = 0 <= row < image_CHW.shape[1] and 0 <= column < image_CHW.shape[2]
    return image_CHW[:, row, column] if inside else colour


def scaled(image_CHW: Tensor, scale: float, colour: tuple[float, ...] = BLACK) -> Tensor:
    """Each pixel shows what was 1/scale as far from the centre, mixed from four neighbours."""
    found, background = torch.zeros_like(image_CHW), torch.tensor(colour)
    height, width = image_CHW.shape[1:]
    for y in range(height):
        for x in range(width):
            v = (height - 1) / 2 + (y - (height - 1) / 2) / scale
            u = (width - 1) / 2 + (x - (width - 1) / 2) / scale
            top, left = math.floor(v), math.floor(u)
            found[:, y, x] = sum(
                (1 - abs(v - row))
                * (1 - abs(u - column))
                * pixel(image_CHW, row, column, background)
                for row in (top, top + 1)
                for column in (left, left + 1)
            )
    return found
