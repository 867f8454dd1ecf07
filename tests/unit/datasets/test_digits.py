"""scikit-learn's digits: every value, and splits that share nothing."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from lorvp.datasets.adapters.digits import DigitsConfig
from lorvp.datasets.splits import stratified
from lorvp.errors import InputError


@pytest.fixture(scope="module")
def source():
    return DigitsConfig().source()


def test_every_value_is_the_grey_level_of_scikit_learns(source):
    original = load_digits()
    assert source.images.images_NHWC.shape == (1797, 8, 8, 3)
    assert source.images.images_NHWC.dtype == np.uint8
    level = {v: round(v * 255 / 16) for v in range(17)}
    expected_NHW = np.vectorize(level.__getitem__)(original.images.astype(int))
    for channel in range(3):
        np.testing.assert_array_equal(source.images.images_NHWC[..., channel], expected_NHW)
    np.testing.assert_array_equal(source.labels_N, original.target)
    assert source.labels_N.dtype == np.int64


def test_all_grey_levels_from_black_to_white_occur(source):
    assert len(np.unique(source.images.images_NHWC)) == 17
    assert (source.images.images_NHWC.min(), source.images.images_NHWC.max()) == (0, 255)


def test_splits_share_no_image_and_leave_none_out(source):
    sizes = {name: len(rows) for name, rows in source.splits.items()}
    assert sizes == {"train": 800, "val": 200, "test": 797}
    together = np.concatenate(list(source.splits.values()))
    assert sorted(together) == list(range(1797))


def test_every_split_has_every_class_in_its_share(source):
    share = np.bincount(source.labels_N) / 1797
    for rows in source.splits.values():
        counts = np.bincount(source.labels_N[rows], minlength=10)
        assert np.abs(counts - share * len(rows)).max() <= 1.5


def test_the_seed_decides_the_split_and_nothing_else(source):
    same, other = DigitsConfig().source(), DigitsConfig(seed=1).source()
    for name in source.splits:
        np.testing.assert_array_equal(source.splits[name], same.splits[name])
        assert not np.array_equal(source.splits[name], other.splits[name])
    np.testing.assert_array_equal(source.images.images_NHWC, other.images.images_NHWC)


def test_other_sizes(source):
    smaller = DigitsConfig(test=500, val=100).source()
    assert [len(smaller.splits[name]) for name in ("train", "val", "test")] == [1197, 100, 500]
    assert smaller.class_names == [str(k) for k in range(10)]


def test_rows_are_sorted_so_that_reading_them_is_one_pass():
    labels = np.arange(100) % 4
    for rows in stratified(labels, test=20, val=10, seed=0).values():
        assert (np.diff(rows) > 0).all()


def test_splits_that_leave_nothing_to_train_on_are_refused_with_their_sizes():
    with pytest.raises(InputError, match=r"1700.*200.*1797"):
        DigitsConfig(test=1700, val=200).source()
