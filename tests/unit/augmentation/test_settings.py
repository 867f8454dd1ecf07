"""Random crops and flips of training images, and their absence everywhere else."""

import pytest
import torch
from torch import Tensor
from torchvision.transforms.functional import center_crop

from lorvp.augmentation.settings import Augmentation
from lorvp.augmentation.windows import random_windows
from lorvp.images import resized
from lorvp.networks.interface import Canvas
from lorvp.prompts.base import Fit
from lorvp.prompts.fits.cover import Cover
from lorvp.prompts.fits.frame import Frame
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.fits.scaled_frame import ScaledFrame
from lorvp.prompts.fits.shrunken_patches import ShrunkenPatches
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.recipe import TrainingConfig
from lorvp.trials.run import build
from tests.support.tiny import TARGET_NAMES, images, tiny_network, trial

SIZE = (16, 24)
FITS = [
    Resize(SIZE),
    Frame(Canvas(SIZE), 10),
    Cover(Canvas(SIZE), 10),
    ScaledFrame(Canvas(SIZE), 10, 1.2),
    ShrunkenPatches(SIZE, 8, 1),
]
fits = pytest.mark.parametrize("fit", FITS, ids=lambda fit: type(fit).__name__)
STRONG = Augmentation(enlarge=1.5, flip=True)
PARTS = Augmentation(crop_scale=0.2, flip=True)
TRIVIAL = Augmentation(trivial=True)


def raw(number: int = 4, side=SIZE) -> Tensor:
    return images(number, side=side).images_NHWC


def counts(got_BCHW: Tensor, candidates: list[Tensor]) -> list[int]:
    """How many of the images are each candidate; every image has to be one of them."""
    found = [sum(torch.equal(one, other) for one in got_BCHW) for other in candidates]
    assert sum(found) == len(got_BCHW)
    return found


def test_without_augmentation_nothing_changes_and_nothing_is_drawn():
    before = torch.get_rng_state()
    got = Augmentation()(raw(), SIZE)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(got, raw().permute(0, 3, 1, 2))


def test_without_augmentation_an_image_of_another_size_is_only_resized():
    before = torch.get_rng_state()
    got = Augmentation()(raw(side=(30, 13)), SIZE)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(got, resized(raw(side=(30, 13)), SIZE))


def test_every_window_is_equally_likely():
    """8 x 12 laid 1.25 times as large is 10 x 15, so there are 3 x 4 windows."""
    torch.manual_seed(0)
    one = raw(1, (10, 15))
    got = Augmentation(enlarge=1.25)(one.expand(1200, -1, -1, -1), (8, 12))
    plain = one[0].permute(2, 0, 1)
    windows = [plain[:, y : y + 8, x : x + 12] for y in range(3) for x in range(4)]
    # 100 expected of each; the standard deviation is 9.6.
    assert all(52 < count < 148 for count in counts(got, windows))


@pytest.mark.parametrize(
    ("enlarge", "size", "larger"),
    [(252 / 224, (224, 224), (252, 252)), (256 / 224, (224, 224), (256, 256)),
     (228 / 224, (224, 224), (228, 228)), (1.125, (32, 16), (36, 18))],
)  # fmt: skip
def test_images_are_laid_as_large_as_in_the_published_recipes(enlarge, size, larger):
    torch.manual_seed(0)
    one = raw(1, larger)
    got = Augmentation(enlarge=enlarge)(one.expand(8, -1, -1, -1), size)
    plain = one[0].permute(2, 0, 1)
    rows, columns = (b - a for a, b in zip(size, larger, strict=True))
    # An image of the larger size is not resized, so a window's first pixel tells where it is.
    for window in got:
        firsts = plain[:, : rows + 1, : columns + 1] == window[:, :1, :1]
        places = firsts.all(0).nonzero().tolist()
        assert any(
            torch.equal(window, plain[:, y : y + size[0], x : x + size[1]]) for y, x in places
        )


def test_images_of_a_batch_have_windows_of_their_own():
    torch.manual_seed(0)
    got = random_windows(torch.rand(1, 3, 20, 20).expand(8, -1, -1, -1), (8, 8))
    assert len(got.unique(dim=0)) > 1


def test_about_half_of_the_images_are_flipped_left_to_right():
    torch.manual_seed(0)
    one = raw(1)
    got = Augmentation(flip=True)(one.expand(1000, -1, -1, -1), SIZE)
    plain = one[0].permute(2, 0, 1)
    mirrored = torch.stack([plain[..., SIZE[1] - 1 - x] for x in range(SIZE[1])], dim=-1)
    straight, turned = counts(got, [plain, mirrored])
    # The standard deviation of either is 16.
    assert abs(straight - turned) < 5 * 2 * 16


@fits
@pytest.mark.parametrize("asked", [STRONG, PARTS, TRIVIAL], ids=["window", "part", "trivial"])
def test_every_fit_augments_in_training(fit: Fit, asked: Augmentation):
    torch.manual_seed(0)
    fit.train().augmentation = asked
    got = fit(raw(1).expand(20, -1, -1, -1)).detach()
    assert got.shape == (20, 3, *SIZE)
    assert len(got.unique(dim=0)) > 10


@fits
@pytest.mark.parametrize("asked", [STRONG, PARTS, TRIVIAL], ids=["window", "part", "trivial"])
def test_no_fit_augments_or_draws_in_evaluation(fit: Fit, asked: Augmentation):
    fit.eval().augmentation = Augmentation()
    plain = fit(raw()).detach()
    fit.augmentation = asked
    before = torch.get_rng_state()
    assert torch.equal(fit(raw()).detach(), plain)
    assert torch.equal(torch.get_rng_state(), before)


@fits
@pytest.mark.parametrize("asked", [STRONG, PARTS], ids=["window", "part"])
def test_augmented_images_cover_the_same_pixels(fit: Fit, asked: Augmentation):
    """The image moves inside its place on the canvas, never into the frame."""
    torch.manual_seed(0)
    fit.train().augmentation = asked
    got = fit(torch.full((4, 20, 20, 3), 255, dtype=torch.uint8)).detach()
    plain = fit.eval()(torch.full((4, 20, 20, 3), 255, dtype=torch.uint8)).detach()
    torch.testing.assert_close(got, plain)


def test_the_training_settings_reach_the_model():
    wanted = trial(LorVpConfig(rank=2), augmentation=STRONG)
    model = build(wanted, tiny_network(), TARGET_NAMES)
    assert model.prompt.fit.augmentation == STRONG
    assert TrainingConfig().augmentation == Augmentation(enlarge=1.0, flip=False)


@fits
def test_the_centre_is_seen_in_evaluation_alone_where_it_is_asked_for(fit: Fit):
    """Light in the middle and dark around it: the middle fills more of the canvas."""
    images_BHWC = torch.zeros(2, 20, 20, 3, dtype=torch.uint8)
    images_BHWC[:, 5:15, 5:15] = 255
    fit.eval().augmentation = Augmentation(enlarge=2)
    plain = fit(images_BHWC).detach().mean()
    fit.augmentation = Augmentation(enlarge=2, centre=True)
    before = torch.get_rng_state()
    assert fit(images_BHWC).detach().mean() > 2 * plain
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("stored", "side"), [(256, 224), (36, 32), (15, 8), (19, 14)])
def test_a_published_resize_and_crop_is_exact(stored, side):
    """VPT's Resize(256), CenterCrop(224) and RandomCrop(224), of images stored at 256: not one
    level is resized, and the middle is torchvision's."""
    one = raw(1, (stored, stored))
    asked = Augmentation(enlarge=stored / side, centre=True)
    got = asked.evaluated(one, (side, side))
    plain = one.permute(0, 3, 1, 2)
    assert torch.equal(got, center_crop(plain, [side, side]))
    torch.manual_seed(0)
    window = asked(one, (side, side))
    places = [plain[..., y : y + side, x : x + side] for y in range(stored - side + 1)
              for x in range(stored - side + 1)]  # fmt: skip
    assert any(torch.equal(window, place) for place in places)


@pytest.mark.parametrize(
    ("asked", "message"),
    [({"enlarge": 1.5, "crop_scale": 0.08}, "enlarge or crop_scale, not both"),
     ({"centre": True}, "needs enlarge above 1"), ({"crop_ratio": 2.0}, "needs crop_scale"),
     ({"crop_scale": 0.0}, "greater than 0"), ({"crop_scale": 1.1}, "less than or equal to 1"),
     ({"crop_scale": 0.5, "crop_ratio": 0.5}, "greater than or equal to 1")],
)  # fmt: skip
def test_what_says_nothing_or_two_things_is_refused(asked, message):
    with pytest.raises(ValueError, match=message):
        Augmentation(**asked)


def test_every_change_draws_from_the_given_generator_alone():
    before = torch.get_rng_state()
    asked = Augmentation(crop_scale=0.08, flip=True, trivial=True)
    first, second = (
        asked(raw(8), SIZE, "bicubic", torch.Generator().manual_seed(0)) for _ in range(2)
    )
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), before)
