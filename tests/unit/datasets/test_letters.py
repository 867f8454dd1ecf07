"""The drawn letters: same settings, same bytes; and no letter is empty or cut away."""

import string
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import ImageFont

from lorvp.datasets.adapters import letters
from lorvp.datasets.adapters.letters import LettersConfig, draw


def small(**settings) -> LettersConfig:
    return LettersConfig(**({"side": 16, "train": 2, "val": 1, "test": 1} | settings))


def test_same_settings_give_the_same_bytes():
    first, second = small().source(), small().source()
    assert first.images.images_NHWC.tobytes() == second.images.images_NHWC.tobytes()
    np.testing.assert_array_equal(first.labels_N, second.labels_N)


def test_another_seed_gives_other_images_of_the_same_labels():
    first, second = small().source(), small(seed=1).source()
    assert not np.array_equal(first.images.images_NHWC, second.images.images_NHWC)
    np.testing.assert_array_equal(first.labels_N, second.labels_N)


def test_shapes_classes_and_splits():
    source = small(side=20, train=3, val=2, test=1).source()
    assert source.images.images_NHWC.shape == (26 * 6, 20, 20, 3)
    assert source.images.images_NHWC.dtype == np.uint8
    assert source.labels_N.dtype == np.int64
    assert source.class_names == list(string.ascii_uppercase)
    for name, each in (("train", 3), ("val", 2), ("test", 1)):
        counts = np.bincount(source.labels_N[source.splits[name]], minlength=26)
        assert counts.tolist() == [each] * 26
    assert sorted(np.concatenate(list(source.splits.values()))) == list(range(26 * 6))


def test_letters_are_grey_light_on_black_and_all_different():
    images = small(side=32).source().images.images_NHWC
    np.testing.assert_array_equal(images[..., 0], images[..., 1])
    np.testing.assert_array_equal(images[..., 0], images[..., 2])
    flat = images[..., 0].reshape(len(images), -1)
    assert len(np.unique(flat, axis=0)) == len(flat)
    brightest, share = flat.max(1), flat.mean(1) / 255
    assert brightest.min() > 60
    assert share.min() > 0.02
    assert share.max() < 0.75


@pytest.mark.parametrize("letter", "IMQ")
def test_a_letter_lies_within_its_canvas(letter):
    """Its centre of mass is near the middle, though it moves a little."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:32, :32]
    centres = []
    for _ in range(20):
        grey = draw(letter, 32, rng).astype(float)
        centres.append([(grey * axis).sum() / grey.sum() / 31 for axis in (y, x)])
    assert np.abs(np.array(centres) - 0.5).max() < 0.3
    assert np.std(centres, axis=0).min() > 0.01


def test_drawing_goes_on_where_the_generator_stands():
    rng = np.random.default_rng(0)
    assert not np.array_equal(draw("A", 16, rng), draw("A", 16, rng))


def test_the_font_is_pillows_own_in_any_size(monkeypatch):
    kept = draw("Q", 32, np.random.default_rng(0))
    anew = SimpleNamespace(font_variant=ImageFont.load_default)
    monkeypatch.setattr(letters, "_font", lambda: anew)
    np.testing.assert_array_equal(draw("Q", 32, np.random.default_rng(0)), kept)
