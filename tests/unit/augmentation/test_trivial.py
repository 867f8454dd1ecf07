"""TrivialAugment, kind by kind and strength by strength beside torchvision's."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.autoaugment import TrivialAugmentWide, _apply_op

from lorvp.augmentation.levels import counted, equalised
from lorvp.augmentation.trivial import KINDS, STRENGTHS, changed, trivially_augmented
from tests.support.datasets.encoded import scene

SPACE = TrivialAugmentWide()._augmentation_space(STRENGTHS)
EXACT = {"Identity", "ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Posterize",
         "Solarize", "Equalize"}  # fmt: skip
"""The others end in numbers with a fraction, which torchvision's tensors round otherwise than
Pillow by a level at most."""


def sample(height: int = 36, width: int = 50) -> Tensor:
    """A scene, noise, noise of few levels, one colour, and black and white."""
    rng = torch.Generator().manual_seed(0)
    shape = (3, height, width)
    photo = torch.from_numpy(np.array(scene(height, width))).permute(2, 0, 1)
    noise = torch.randint(0, 256, shape, generator=rng, dtype=torch.uint8)
    dull = torch.randint(90, 140, shape, generator=rng, dtype=torch.uint8)
    flat = torch.full(shape, 77, dtype=torch.uint8)
    bits = torch.randint(0, 2, shape, generator=rng).mul(255).to(torch.uint8)
    return torch.stack([photo, noise, dull, flat, bits])


def by_torchvision(images_BCHW: Tensor, kind: str, strength: int, sign: int) -> Tensor:
    """As its transform calls its operators."""
    magnitudes, signed = SPACE[kind]
    magnitude = float(magnitudes[strength]) if magnitudes.ndim else 0.0
    magnitude *= sign if signed else 1
    nearest = InterpolationMode.NEAREST
    rows = [_apply_op(x, kind, magnitude, nearest, None) for x in images_BCHW]
    return torch.stack(rows)


def all_as(images_BCHW: Tensor, kind: str, strength: int, sign: int) -> Tensor:
    numbers = ([n] * len(images_BCHW) for n in (KINDS.index(kind), strength, sign))
    return changed(images_BCHW, *map(torch.tensor, numbers))


def test_the_kinds_are_torchvisions():
    assert list(KINDS) == list(SPACE)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_torchvisions_at_every_strength(kind):
    images_BCHW = sample()
    for strength in range(STRENGTHS):
        for sign in (1, -1):
            found = all_as(images_BCHW, kind, strength, sign)
            expected = by_torchvision(images_BCHW, kind, strength, sign)
            off = (found.int() - expected.int()).abs()
            assert off.max() <= (0 if kind in EXACT else 1), (strength, sign)


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_that_is_not_asked_gives_the_same(kind, elsewhere):
    """There, all images are changed, and each keeps what it was asked for."""
    images_BCHW = sample(9, 12)
    kind_B = torch.tensor([KINDS.index(kind), 0, KINDS.index(kind), 3, 13])
    strength_B, sign_B = torch.tensor([30, 2, 15, 30, 0]), torch.tensor([1, 1, -1, -1, 1])
    expected = changed(images_BCHW, kind_B, strength_B, sign_B)
    elsewhere()
    assert torch.equal(changed(images_BCHW, kind_B, strength_B, sign_B), expected)


def test_each_image_of_a_batch_has_its_own_change():
    images_BCHW = sample()
    kind_B, strength_B = torch.tensor([5, 6, 10, 12, 11]), torch.tensor([20, 10, 30, 3, 25])
    found = changed(images_BCHW, kind_B, strength_B, torch.ones(5))
    for row, (kind, strength) in enumerate(zip(kind_B, strength_B, strict=True)):
        alone = all_as(images_BCHW[row : row + 1], KINDS[kind], int(strength), 1)
        assert torch.equal(found[row], alone[0])


def test_levels_are_counted_alike_with_and_without_adding_up(elsewhere):
    levels_BCN = sample().flatten(2).long()
    expected = torch.from_numpy(
        np.stack([
            [np.cumsum(np.bincount(colour, minlength=256)) for colour in image]
            for image in levels_BCN.numpy()
        ])
    )  # fmt: skip
    assert torch.equal(counted(levels_BCN), expected)
    assert torch.equal(equalised(sample())[3], sample()[3]), "one colour stays"
    elsewhere()
    assert torch.equal(counted(levels_BCN), expected)


def test_kinds_and_strengths_are_equally_likely():
    """Of 4,200 grey images, each kind has 300; the standard deviation is 17."""
    one = torch.full((1, 3, 1, 1), 100, dtype=torch.uint8).expand(4200, -1, 4, 4).clone()
    one[:, :, 0, 0] = 200
    generator = torch.Generator().manual_seed(0)
    found = trivially_augmented(one, generator)
    changed_B = (found != one).flatten(1).any(1)
    # Kinds that leave this image: Identity, and others at a strength of 0.
    assert 4200 * 0.6 < int(changed_B.sum()) < 4200 * 0.93
    stretched_B = ((found[:, 0, 0, 0] == 255) & (found[:, 0, 1, 1] == 0)).sum()  # AutoContrast
    assert 300 - 5 * 17 < int(stretched_B) < 300 + 5 * 17 + 30


def test_the_same_generator_gives_the_same_and_the_global_one_is_not_asked():
    before = torch.get_rng_state()
    first, second, third = (
        trivially_augmented(sample(), torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, third)
    assert torch.equal(torch.get_rng_state(), before)


def test_images_too_small_to_blur_and_numbers_of_another_type(float64):
    tiny = sample(2, 2)
    assert torch.equal(all_as(tiny, "Sharpness", 30, 1), tiny)
    for kind in KINDS:
        found = all_as(sample(8, 9), kind, 20, -1)
        assert found.dtype == torch.uint8
