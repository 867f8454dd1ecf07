"""What every prompt promises before any training."""

import pytest
import torch

from lorvp.code_digest import closure
from lorvp.prompts.base import Prompt
from lorvp.recipe import TrainingConfig
from lorvp.settings import parts
from tests.contract.cases import CANVAS, METHODS, SIZE, name

DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available()
methods = pytest.mark.parametrize("method", METHODS, ids=name)


def canvas(batch: int = 2, seed: int = 0, **kind) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(batch, 3, *SIZE, generator=generator).to(**kind)


def build(method, seed: int = 0):
    torch.manual_seed(seed)
    return method.build(CANVAS)


@methods
@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_shape_dtype_and_device_are_kept(method, device, dtype, training):
    prompt = build(method).to(device, dtype).train(training)
    given = canvas(device=device, dtype=dtype)
    got = prompt(given)
    assert (got.shape, got.dtype, got.device) == (given.shape, given.dtype, given.device)


@methods
@pytest.mark.parametrize("side", [(8, 8), (17, 31), SIZE], ids=str)
def test_any_image_fits_the_canvas_and_is_left_as_it_was(method, side):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2, *side, 3), dtype=torch.uint8, generator=generator)
    before = images.clone()
    got = build(method).fit(images)
    assert got.shape == (2, 3, *SIZE)
    assert got.dtype == torch.float32
    assert 0 <= got.min() <= got.max() <= 1
    assert torch.equal(images, before)


@methods
def test_the_given_canvas_is_not_changed(method):
    given = canvas()
    before = given.clone()
    build(method)(given)
    assert torch.equal(given, before)


@methods
def test_images_change_only_within_the_support(method):
    prompt, given = build(method), canvas()
    support_HW = prompt.placement.support_HW
    assert torch.equal(prompt(given)[..., ~support_HW], given[..., ~support_HW])


@methods
def test_a_content_of_zeros_leaves_the_image_as_it_is(method):
    prompt, given = build(method), canvas()
    nothing_CHW = torch.zeros_like(prompt.content())
    assert not prompt.placement.place(nothing_CHW, given).any()


@methods
def test_content_has_values_only_where_the_placement_takes_them(method):
    """Or else they would be trained without being shown."""
    prompt = build(method)
    content_CHW = prompt.content().expand(3, *SIZE)
    taken_HW = prompt.placement.content_HW
    rows_H, columns_W = taken_HW.any(1), taken_HW.any(0)
    assert not content_CHW[:, ~(rows_H[:, None] & columns_W)].any()


@methods
def test_mask_broadcasts_and_stays_within_the_support(method):
    prompt, given = build(method), canvas()
    mask = prompt.placement(given)
    assert mask.shape[0] in (1, 2)
    assert mask.shape[1] in (1, 3)
    assert mask.shape[2:] == SIZE
    assert prompt.placement.support_HW.dtype == torch.bool
    assert not mask[..., ~prompt.placement.support_HW].any()


@methods
def test_the_end_of_an_epoch_gives_numbers_by_name(method):
    record = build(method).end_epoch()
    assert all(isinstance(key, str) for key in record)
    assert all(isinstance(value, float) for value in record.values())


@methods
def test_paper_settings_are_whole_where_there_are_any(method):
    assert method.paper is None or isinstance(method.paper, TrainingConfig)


@methods
def test_evaluation_gives_the_same_twice_and_for_each_image_by_itself(method):
    prompt, given = build(method).eval(), canvas(batch=3)
    together = prompt(given)
    assert torch.equal(prompt(given), together)
    alone = torch.cat([prompt(given[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(alone, together, rtol=0, atol=1e-6)


@methods
def test_what_runs_the_network_in_a_way_of_its_own_says_that_it_acts_inside(method):
    prompt = build(method)
    assert prompt.inside_network == (type(prompt).run is not Prompt.run)


@methods
def test_same_seed_same_start_values(method):
    first, again = build(method, 3).state_dict(), build(method, 3).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)


@methods
def test_space_is_one_of_two(method):
    assert build(method).space in ("pixel", "normalised")


@methods
def test_every_part_counts_towards_the_code_of_a_trial(method):
    """A part's code is found by the module of its settings, so that must not be an __init__."""
    modules = {type(part).__module__ for part in parts(method)}
    assert modules <= closure(modules)
