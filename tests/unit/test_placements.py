"""Masks against loops over pixels."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lorvp.errors import InputError
from lorvp.prompts.base import Placement
from lorvp.prompts.placements.border import Border
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.prompts.placements.product import Product
from lorvp.prompts.placements.regions import Regions

SIZES = [(8, 8), (7, 12), (9, 5), (16, 6)]


def distance_to_edge(row: int, column: int, height: int, width: int) -> int:
    return min(row, column, height - 1 - row, width - 1 - column)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("width", [1, 2])
def test_border_is_the_pixels_nearer_to_an_edge_than_its_width(size, width):
    border = Border(size, width)
    mask = border(torch.zeros(2, 3, *size))
    assert mask.shape == (1, 1, *size)
    for row in range(size[0]):
        for column in range(size[1]):
            inside = distance_to_edge(row, column, *size) < width
            assert mask[0, 0, row, column] == inside
            assert border.support_HW[row, column] == inside


@given(st.integers(2, 20), st.integers(2, 20), st.data())
def test_border_has_as_many_pixels_as_the_formula(height, width, data):
    border = data.draw(st.integers(1, min(height, width) // 2))
    expected = 2 * border * (height + width - 2 * border)
    assert int(Border((height, width), border).support_HW.sum()) == expected


def test_half_the_side_covers_the_whole_image():
    assert Border((8, 8), 4).support_HW.all()
    assert Border((8, 30), 4).support_HW.all()


@pytest.mark.parametrize(("size", "width", "most"), [((8, 8), 5, 4), ((9, 30), 5, 4)])
def test_a_wider_border_is_refused_with_the_widest_there_is(size, width, most):
    with pytest.raises(InputError, match=rf"width {width} .*{size[0]}x{size[1]}.* at most {most}"):
        Border(size, width)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_everywhere_is_one_at_every_pixel(size):
    place = Everywhere(size)
    assert torch.equal(place(torch.zeros(2, 3, *size)), torch.ones(1, 1, *size))
    assert place.support_HW.all()


class Given(Placement):
    """A mask for each image, as it was given."""

    def __init__(self, mask_BCHW: torch.Tensor) -> None:
        super().__init__()
        self.mask_BCHW = mask_BCHW
        self.support_HW = (mask_BCHW != 0).any(0)[0]

    def forward(self, canvas_BCHW: torch.Tensor) -> torch.Tensor:
        return self.mask_BCHW


def test_product_multiplies_pixel_by_pixel():
    generator = torch.Generator().manual_seed(0)
    first = torch.rand(1, 1, 4, 5, generator=generator).round()
    second = torch.rand(3, 1, 4, 5, generator=generator).round()
    place = Product(Given(first), Given(second))
    mask = place(torch.zeros(3, 3, 4, 5))
    assert mask.shape == (3, 1, 4, 5)
    for image in range(3):
        for row in range(4):
            for column in range(5):
                both = first[0, 0, row, column] * second[image, 0, row, column]
                assert mask[image, 0, row, column] == both
    both_HW = Given(first).support_HW & Given(second).support_HW
    assert torch.equal(place.support_HW, both_HW)


def test_product_passes_the_end_of_an_epoch_to_both():
    first, second = (Regions((8, 8), 4, 2, temperature=5.0, decay=g) for g in (0.5, 0.1))
    Product(first, second).end_epoch()
    assert float(first.temperature) == pytest.approx(2.5)
    assert float(second.temperature) == pytest.approx(0.5)
