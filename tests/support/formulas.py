"""A method's formula at every pixel, against what the network is given."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from lorvp.training.model import PromptedNetwork
from lorvp.trials.run import build
from tests.support.canvases import BLACK, first, levels, on_canvas
from tests.support.prompted import seen_by_network
from tests.support.tiny import MEAN, STD, TARGET_NAMES, images, tiny_network, trial

ODD = (15, 22)
Formula = Callable[[float, int, int, int, int], float]
"""The value that a network is given, from a pixel's level in [0, 1] and its n, c, y, x."""


def moved(method, size=ODD) -> PromptedNetwork:
    """A model in evaluation mode, with the content's values away from their start."""
    torch.manual_seed(0)
    model = build(trial(method), tiny_network(size), TARGET_NAMES).eval()
    for parameter in model.prompt.content.parameters():
        torch.nn.init.normal_(parameter)
    return model


def raw(side=ODD, number: int = 2) -> Tensor:
    """Images as a dataset has them."""
    return images(number, side=side).images_NHWC


def norm(value: float, c: int) -> float:
    """A level in colour ``c`` after the network's normalisation."""
    return (value - MEAN[c]) / STD[c]


@torch.no_grad()
def sees(model: PromptedNetwork, given_NHWC: Tensor, canvas_NCHW: Tensor, formula: Formula) -> None:
    """Compare every value that reaches the network with the formula."""
    expected = torch.zeros_like(canvas_NCHW)
    for n, c, y, x in places(canvas_NCHW.shape):
        expected[n, c, y, x] = formula(float(canvas_NCHW[n, c, y, x]), n, c, y, x)
    torch.testing.assert_close(seen_by_network(model, given_NHWC), expected, rtol=0, atol=1e-12)


def places(shape: torch.Size) -> Iterator[tuple[int, ...]]:
    """All indices of a tensor."""
    return iter(torch.cartesian_prod(*map(torch.arange, shape)).tolist())


def row_by_row(values: Tensor, where: Callable[[int, int], bool], size=ODD) -> Tensor:
    """Values of each colour laid out on the pixels of a region; zero elsewhere."""
    found = torch.zeros(3, *size)
    for c in range(3):
        waiting = iter(values[c].tolist())
        for y in range(size[0]):
            for x in range(size[1]):
                if where(y, x):
                    found[c, y, x] = next(waiting)
        assert not list(waiting)
    return found


def in_border(width: int, size=ODD) -> Callable[[int, int], bool]:
    """Whether a pixel lies in the border of a canvas, by its row and column."""
    return lambda y, x: min(y, x, size[0] - 1 - y, size[1] - 1 - x) < width


def outside(side: int, size=ODD) -> Callable[[int, int], bool]:
    """Whether a pixel lies outside of a square image in the middle."""
    top, left = (first(extent, side) for extent in size)
    return lambda y, x: not (top <= y < top + side and left <= x < left + side)


def framed(given_NHWC: Tensor, size=ODD) -> Tensor:
    """Square images in the middle of black canvases."""
    return torch.stack([on_canvas(image, size, BLACK) for image in levels(given_NHWC)])
