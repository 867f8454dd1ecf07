"""Masks against loops over pixels."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lorvp.errors import InputError
from lorvp.networks.interface import Canvas
from lorvp.prompts.base import Placement
from lorvp.prompts.fits.frame import Frame
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.fits.scaled_frame import ScaledFrame
from lorvp.prompts.fits.shrunken_patches import ShrunkenPatches
from lorvp.prompts.placements.border import Border
from lorvp.prompts.placements.corner import Corner
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.prompts.placements.outside import Outside
from lorvp.prompts.placements.product import Product, ProductConfig
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


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("width", [1, 3, 5])
def test_corner_is_a_square_in_the_upper_left(size, width):
    corner = Corner(size, width)
    mask = corner(torch.zeros(2, 3, *size))
    assert mask.shape == (1, 1, *size)
    for row in range(size[0]):
        for column in range(size[1]):
            inside = row < width and column < width
            assert mask[0, 0, row, column] == inside
            assert corner.support_HW[row, column] == inside
            assert corner.content_HW[row, column] == inside


def test_a_corner_larger_than_the_canvas_is_refused_with_the_largest_there_is():
    with pytest.raises(InputError, match=r"width 6 .*5x9.* at most 5"):
        Corner((5, 9), 6)


@pytest.mark.parametrize(
    "fit", [Frame(Canvas((7, 12)), 4), ShrunkenPatches((8, 12), 4, 1)], ids=lambda f: str(f.size)
)
def test_outside_is_where_the_fit_lays_no_image(fit):
    outside, canvas = Outside(fit), torch.zeros(2, 3, *fit.size)
    for row in range(fit.size[0]):
        for column in range(fit.size[1]):
            if fit.size == (7, 12):
                inside = 2 <= row < 6 and 4 <= column < 8
            else:
                inside = row % 4 in (1, 2) and column % 4 in (1, 2)
            assert outside(canvas)[0, 0, row, column] == (not inside)
            assert outside.support_HW[row, column] == (not inside)


@torch.no_grad()
def test_outside_follows_an_image_whose_size_is_trained():
    fit = ScaledFrame(Canvas((12, 12)), 4, 1.0)
    outside, canvas = Outside(fit), torch.zeros(1, 3, 12, 12)
    assert outside.support_HW.all(), "every pixel can become free"
    for scale, side in ((1.0, 4), (1.5, 6), (0.3, 1), (2.49, 9), (3.5, 12)):
        fit.scale.fill_(scale)
        first = (12 - side + 1) // 2
        for row in range(12):
            for column in range(12):
                inside = first <= row < first + side and first <= column < first + side
                assert outside(canvas)[0, 0, row, column] == (not inside)


def test_outside_has_nowhere_to_go_where_the_image_is_everywhere():
    with pytest.raises(InputError, match="`outside` has nowhere to go"):
        Outside(Resize((8, 8)))


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


def test_product_takes_a_place_and_a_choice_and_builds_both_on_the_same_fit():
    fit = Frame(Canvas((8, 12)), 4)
    config = ProductConfig.model_validate(
        {"place": "outside", "choice": {"kind": "regions", "side": 4, "hidden": 2}}
    )
    place = config.build(Canvas((8, 12)), fit)
    assert torch.equal(place.support_HW, ~fit.image_HW())
    assert torch.equal(place.content_HW, ~fit.image_HW())
    assert place.second.side == 4


def test_product_has_the_record_of_its_choice():
    place = Product(Border((8, 8), 2), Regions((8, 8), 4, 2))
    assert set(place.end_epoch()) == set(Regions((8, 8), 4, 2).end_epoch())
