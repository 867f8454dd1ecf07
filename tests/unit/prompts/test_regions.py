"""AdaViPro's choice of regions against loops in float64."""

import pytest
import torch
from torch import Tensor

from lorvp.errors import InputError
from lorvp.prompts.placements.regions import Regions

pytestmark = pytest.mark.usefixtures("float64")
HEIGHT, WIDTH, SIDE, HIDDEN = 8, 12, 4, 3


def regions(seed: int = 0, **settings) -> Regions:
    torch.manual_seed(seed)
    return Regions((HEIGHT, WIDTH), SIDE, HIDDEN, **settings)


def canvas(batch: int = 4) -> Tensor:
    return torch.rand(batch, 3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))


def pixel(image_CHW: Tensor, channel: int, row: int, column: int) -> float:
    """0 outside the image."""
    inside = 0 <= row < image_CHW.shape[1] and 0 <= column < image_CHW.shape[2]
    return float(image_CHW[channel, row, column]) if inside else 0.0


def edges(image_CHW: Tensor) -> Tensor:
    """The four neighbours less four times the pixel, channel by channel."""
    found = torch.zeros_like(image_CHW)
    for c in range(3):
        for y in range(HEIGHT):
            for x in range(WIDTH):
                around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]
                total = sum(pixel(image_CHW, c, *place) for place in around)
                found[c, y, x] = total - 4 * pixel(image_CHW, c, y, x)
    return found


def hidden_map(place: Regions, edges_CHW: Tensor) -> Tensor:
    """A 3x3 convolution with a border of zeros."""
    weight, bias = place.converge.weight, place.converge.bias
    found = torch.zeros(HIDDEN, HEIGHT, WIDTH)
    for d in range(HIDDEN):
        for y in range(HEIGHT):
            for x in range(WIDTH):
                found[d, y, x] = bias[d] + sum(
                    weight[d, c, i, j] * pixel(edges_CHW, c, y + i - 1, x + j - 1)
                    for c in range(3)
                    for i in range(3)
                    for j in range(3)
                )
    return found


def grey(image_CHW: Tensor) -> Tensor:
    """The mean of the three colours, three times."""
    mean_HW = (image_CHW[0] + image_CHW[1] + image_CHW[2]) / 3
    return torch.stack([mean_HW] * 3)


def decisions(place: Regions, image_CHW: Tensor) -> Tensor:
    """For each square: whether the second logit is the larger one."""
    hidden_DHW = hidden_map(place, edges(image_CHW))
    found = torch.zeros(HEIGHT // SIDE, WIDTH // SIDE)
    for r in range(HEIGHT // SIDE):
        for s in range(WIDTH // SIDE):
            square = hidden_DHW[:, r * SIDE : (r + 1) * SIDE, s * SIDE : (s + 1) * SIDE]
            skip, show = (
                float((place.policy.weight[k] * square).sum() + place.policy.bias[k])
                for k in range(2)
            )
            found[r, s] = float(show > skip)
    return found


@torch.no_grad()
@pytest.mark.parametrize(("look", "look_at"), [("colour", lambda image: image), ("grey", grey)])
def test_evaluation_takes_the_larger_logit_of_each_square_of_each_image(look, look_at):
    place, given = regions(edges=look).eval(), canvas()
    mask = place(given)
    assert mask.shape == (4, 1, HEIGHT, WIDTH)
    expected = torch.stack([decisions(place, look_at(image)) for image in given])
    for b in range(4):
        for y in range(HEIGHT):
            for x in range(WIDTH):
                assert mask[b, 0, y, x] == expected[b, y // SIDE, x // SIDE]
    assert len(expected.unique(dim=0)) > 1, "these images have to differ in their regions"


def test_training_gives_zeros_and_ones_on_squares_of_each_image():
    mask = regions().train()(canvas(16)).detach()
    # The straight-through sum 1 - p + p is one up to a rounding of the last bit.
    assert torch.all((mask - mask.round()).abs() < 1e-12)
    assert set(mask.round().unique().tolist()) == {0.0, 1.0}
    squares = mask.unfold(2, SIDE, SIDE).unfold(3, SIDE, SIDE).flatten(-2)
    assert torch.equal(squares.amin(-1), squares.amax(-1))
    assert len(mask.round().unique(dim=0)) > 4


def test_training_samples_and_evaluation_does_not():
    place, given = regions().train(), canvas(8)
    assert not torch.equal(place(given), place(given))
    place.eval()
    assert torch.equal(place(given), place(given))


@torch.no_grad()
def test_training_shows_a_region_as_often_as_its_logits_say():
    """Gumbel's trick: softmax probabilities, at any temperature."""
    place = regions(temperature=0.7)
    torch.nn.init.zeros_(place.policy.weight)
    with torch.no_grad():
        place.policy.bias.copy_(torch.tensor([0.3, -0.5]))
    shown = place.train()(canvas(1).expand(2000, -1, -1, -1))[:, :, ::SIDE, ::SIDE].mean()
    p = 1 / (1 + torch.tensor(0.3 - -0.5).exp())
    # 12,000 draws: five standard deviations of their mean.
    assert abs(float(shown) - float(p)) < 5 * float((p * (1 - p) / 12_000).sqrt())


def test_gradient_reaches_both_layers_in_training():
    place, given = regions().train(), canvas()
    (place(given) * torch.rand_like(given)).sum().backward()
    for parameter in place.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0


def test_temperature_falls_by_its_factor_after_each_epoch():
    place = regions(temperature=5.0, decay=0.98)
    for _ in range(3):
        place.end_epoch()
    assert float(place.temperature) == pytest.approx(5.0 * 0.98**3)


def test_training_with_grey_edges_sees_no_colour():
    """Images that differ in colour alone get the same decisions out of the same noise."""
    place, given = regions(edges="grey").train(), canvas(1)
    other = given[:, [2, 0, 1]]
    torch.manual_seed(0)
    first = place(given)
    torch.manual_seed(0)
    torch.testing.assert_close(place(other), first, rtol=0, atol=1e-12)


@torch.no_grad()
def test_the_end_of_an_epoch_tells_how_often_regions_were_shown():
    """6 regions over 40 images, 2 at a time: never, 1, 2, 20, 39 and 40 times."""
    place = regions(temperature=4.0, decay=0.5).train()
    times = torch.tensor([[0, 1, 2], [20, 39, 40]])
    shown = (torch.arange(40)[:, None, None] < times).double()
    place.decisions = lambda canvas_BCHW: batch_B1RR
    for batch_BRR in shown.split(2):
        batch_B1RR = batch_BRR[:, None]
        place(canvas(2))
    record = place.end_epoch()
    assert record == {
        "temperature": 4.0,
        "regions_shown": pytest.approx((0 + 1 + 2 + 20 + 39 + 40) / 240),
        # 2 of 40 is 5 %, which is not below it; 39 of 40 is above 95 %.
        "regions_never_shown": pytest.approx(2 / 6),
        "regions_always_shown": pytest.approx(2 / 6),
    }
    assert place.end_epoch()["temperature"] == 2.0


@torch.no_grad()
def test_the_record_starts_anew_with_each_epoch_and_leaves_evaluation_out():
    place = regions()
    torch.nn.init.zeros_(place.policy.weight)
    place.policy.bias.copy_(torch.tensor([-50.0, 50.0]))
    place.train()(canvas(3))
    assert place.end_epoch()["regions_shown"] == 1
    place.policy.bias.copy_(torch.tensor([50.0, -50.0]))
    place.train()(canvas(3))
    place.policy.bias.copy_(torch.tensor([-50.0, 50.0]))
    place.eval()(canvas(3))
    record = place.end_epoch()
    assert record["regions_shown"] == 0
    assert record["regions_never_shown"] == 1
    assert record["regions_always_shown"] == 0


def test_an_epoch_without_images_has_a_record():
    assert regions().end_epoch()["regions_shown"] == 0


def test_images_have_a_say_in_the_regions_within_reach_of_two_convolutions():
    """Each of the two 3x3 kernels looks one pixel further."""
    image_HW = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    image_HW[3, 7] = True
    judged_HW = regions().judged_HW(image_HW)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            rows = range(y // SIDE * SIDE - 2, y // SIDE * SIDE + SIDE + 2)
            columns = range(x // SIDE * SIDE - 2, x // SIDE * SIDE + SIDE + 2)
            assert bool(judged_HW[y, x]) == (3 in rows and 7 in columns)
    assert not judged_HW.all()


def test_temperature_is_saved_and_the_fixed_kernel_is_not():
    assert set(regions().state_dict()) == {
        "converge.weight",
        "converge.bias",
        "policy.weight",
        "policy.bias",
        "temperature",
    }


@pytest.mark.parametrize("size", [(8, 10), (10, 8)])
def test_a_side_that_does_not_tile_the_canvas_is_refused(size):
    with pytest.raises(InputError, match=f"side 4 .*{size[0]}x{size[1]}"):
        Regions(size, 4, HIDDEN)


def test_the_papers_fastest_fall_over_its_1000_epochs_still_gives_zeros_and_ones():
    """0.9^1000 is less than the smallest number in float32; no image may become NaN by it."""
    place = regions(decay=0.9).train().float()
    for _ in range(1000):
        place.end_epoch()
    mask = place(canvas().float())
    assert set(mask.round().unique().tolist()) <= {0.0, 1.0}
