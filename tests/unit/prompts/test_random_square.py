"""VP's random patch: where it lies in training, and the one place it has at evaluation."""

from itertools import product

import pytest
import torch
from torch import Tensor

from lorvp.errors import InputError
from lorvp.networks.interface import Canvas
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.placements.random_square import RandomSquare, RandomSquareConfig

pytestmark = pytest.mark.usefixtures("float64")
SIZE, WIDTH = (7, 9), 3
# {0, ..., L - p - 1} on either axis, as in the published code.
OFFSETS = list(product(range(7 - 3), range(9 - 3)))


def square(seed: int = 0, size=SIZE, width: int = WIDTH) -> RandomSquare:
    torch.manual_seed(seed)
    return RandomSquareConfig(width=width).build(Canvas(size), Resize(size))


def content() -> Tensor:
    """No value twice, and none that is zero; only its corner may be shown."""
    return torch.arange(1.0, 3 * 7 * 9 + 1).reshape(3, *SIZE)


def moved(content_CHW: Tensor, top: int, left: int) -> Tensor:
    found = torch.zeros(1, 3, *SIZE)
    for c in range(3):
        for y in range(WIDTH):
            for x in range(WIDTH):
                found[0, c, top + y, left + x] = content_CHW[c, y, x]
    return found


def offset_of(placed_BCHW: Tensor) -> tuple[int, int]:
    """Where the square begins; the whole canvas has to agree."""
    top, left = (placed_BCHW[0, 0] != 0).nonzero()[0].tolist()
    assert torch.equal(placed_BCHW, moved(content(), top, left))
    return top, left


def test_training_moves_the_whole_square_to_every_offset_equally_often():
    place, canvas = square().train(), torch.zeros(2, 3, *SIZE)
    drawn = [offset_of(place.place(content(), canvas)) for _ in range(1200)]
    assert set(drawn) == set(OFFSETS)
    for offset in OFFSETS:
        # 50 expected each; five standard deviations are 35.
        assert 15 < drawn.count(offset) < 85


def test_a_batch_shares_the_place():
    placed = square().train().place(content(), torch.zeros(5, 3, *SIZE))
    assert placed.shape == (1, 3, *SIZE)


def test_evaluation_keeps_one_place():
    place, canvas = square().eval(), torch.zeros(2, 3, *SIZE)
    shown = {offset_of(place.place(content(), canvas)) for _ in range(50)}
    assert shown == {tuple(place.kept_offset.tolist())}


def test_evaluation_draws_no_random_numbers():
    place = square().eval()
    before = torch.get_rng_state()
    place.place(content(), torch.zeros(1, 3, *SIZE))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_mask_at_evaluation_is_one_where_the_content_lies():
    place = square().eval()
    canvas = torch.zeros(2, 3, *SIZE)
    mask = place(canvas)
    assert mask.shape == (1, 1, *SIZE)
    lies_HW = place.place(content(), canvas)[0, 0] != 0
    assert torch.equal(mask[0, 0] != 0, lies_HW)
    assert torch.equal(mask.unique(), torch.tensor([0.0, 1.0]))


def test_the_kept_place_is_drawn_when_the_prompt_is_made_and_can_be_any():
    kept = {tuple(square(seed).kept_offset.tolist()) for seed in range(400)}
    assert kept == set(OFFSETS)


def test_the_kept_place_is_saved_and_comes_back():
    saved = square(seed=1)
    other = next(
        place
        for place in (square(seed) for seed in range(2, 99))
        if not torch.equal(place.kept_offset, saved.kept_offset)
    )
    assert list(saved.state_dict()) == ["kept_offset"]
    other.load_state_dict(saved.state_dict())
    canvas = torch.zeros(1, 3, *SIZE)
    again, before = (p.eval().place(content(), canvas) for p in (other, saved))
    assert torch.equal(again, before)


def test_contents_store_values_for_the_square_alone_though_every_pixel_is_reached():
    place = square()
    assert place.support_HW.all()
    for y in range(SIZE[0]):
        for x in range(SIZE[1]):
            assert bool(place.content_HW[y, x]) == (y < WIDTH and x < WIDTH)


@pytest.mark.parametrize("width", [7, 8, 30])
def test_a_square_without_room_to_move_is_refused(width):
    with pytest.raises(InputError, match=rf"width {width} .* 7x9 .* at most 6"):
        square(width=width)
    square(width=6)
