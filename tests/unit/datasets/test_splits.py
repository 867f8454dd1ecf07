"""Who is in train, val and test: CoOp's sizes, held-out shares, few shots; never twice."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorvp.datasets.splits import coop_thirds, fewer, from_file, held_out
from lorvp.errors import InputError

labels = st.lists(st.integers(0, 5), min_size=1, max_size=80).map(np.array)
seeds = st.integers(0, 2**32 - 1)


def labelled(*counts: int) -> np.ndarray:
    """As many images of each class, the classes mixed."""
    return np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))


def sizes(splits) -> list[int]:
    return [len(splits[name]) for name in ("train", "val", "test") if name in splits]


def counts(rows, labels_N) -> list[int]:
    return np.bincount(labels_N[rows], minlength=labels_N.max() + 1).tolist()


def nearest_even(x: float) -> int:
    """Half of an odd number goes to the even neighbour, as Python's round in CoOp's code."""
    whole = int(x)
    half = x - whole
    return whole + (half > 0.5 or (half == 0.5 and whole % 2 == 1))


# Published numbers of images of each class, and the sizes that CoOp prints.
EUROSAT = [3000, 3000, 3000, 2500, 2500, 2000, 2500, 3000, 2500, 3000]
PUBLISHED = {
    "dtd": ([120] * 47, [2820, 1128, 1692]),
    "food101": ([1000] * 101, [50_500, 20_200, 30_300]),
    "eurosat": (EUROSAT, [13_500, 5_400, 8_100]),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes_are_those_of_coop(name):
    numbers, expected = PUBLISHED[name]
    assert sizes(coop_thirds(labelled(*numbers), seed=0)) == expected


@given(labels, seeds)
def test_coop_takes_half_a_fifth_and_the_rest_of_each_class(labels_N, seed):
    splits = coop_thirds(labels_N, seed)
    total = np.bincount(labels_N)
    train, val = ([nearest_even(n * share) for n in total] for share in (0.5, 0.2))
    assert counts(splits["train"], labels_N) == train
    assert counts(splits["val"], labels_N) == val
    assert sorted(np.concatenate(list(splits.values()))) == list(range(len(labels_N)))


@given(labels, seeds, st.floats(0.01, 0.5))
def test_held_out_is_a_share_of_each_class_and_at_least_one(labels_N, seed, share):
    train = np.arange(0, len(labels_N), 2)  # the other rows are of another part
    splits = held_out(train, labels_N, share, seed)
    total = np.bincount(labels_N[train], minlength=labels_N.max() + 1)
    assert counts(splits["val"], labels_N) == [
        max(1, nearest_even(n * share)) if n else 0 for n in total
    ]
    assert sorted(np.concatenate([splits["train"], splits["val"]])) == train.tolist()


def test_pets_hold_out_a_fifth():
    """3,680 images of 37 classes, 93 to 100 of each, as in CoOp: 2,944 and 736."""
    numbers = [100] * 30 + [96] * 5 + [100, 100]
    assert sum(numbers) == 3680
    splits = held_out(np.arange(3680), labelled(*numbers), 0.2, seed=0)
    assert sizes(splits) == [2945, 735]  # 96 / 5 is 19.2: five classes give 19
    assert counts(splits["val"], labelled(*numbers)) == [20] * 30 + [19] * 5 + [20, 20]


@given(labels, seeds, st.none() | st.integers(1, 20), st.none() | st.integers(1, 20))
def test_shots_are_counted_by_class_and_cut_one_split_each(labels_N, seed, shots, val_shots):
    before = coop_thirds(labels_N, seed)
    splits = fewer(before, labels_N, shots, None, seed, val_shots)
    for name, most in (("train", shots or 80), ("val", val_shots or 80), ("test", 80)):
        total = np.array(counts(before[name], labels_N))
        assert counts(splits[name], labels_N) == np.minimum(total, most).tolist()
        assert set(splits[name]) <= set(before[name])


SHOTS = {
    "to train on": ((16, None), [[16, 15], [8, 6], [12, 9]]),
    "CoOp's": ((16, 4), [[16, 15], [4, 4], [12, 9]]),
    "to validate on": ((None, 4), [[20, 15], [4, 4], [12, 9]]),
}


@pytest.mark.parametrize("name", SHOTS)
def test_who_has_few_images_to_train_on_may_have_more_to_validate_on(name):
    """Of 40 and 30 images of two classes, where CoOp's fifth is 8 and 6."""
    (shots, val_shots), expected = SHOTS[name]
    labels_N = labelled(40, 30)
    splits = fewer(coop_thirds(labels_N, 0), labels_N, shots, None, 0, val_shots)
    assert [counts(splits[part], labels_N) for part in ("train", "val", "test")] == expected


@given(labels, seeds, st.floats(0.01, 1))
def test_a_fraction_is_counted_by_class_and_leaves_val_and_test_alone(labels_N, seed, fraction):
    before = coop_thirds(labels_N, seed)
    splits = fewer(before, labels_N, None, fraction, seed)
    total = counts(before["train"], labels_N)
    wanted = [max(1, nearest_even(n * fraction)) if n else 0 for n in total]
    assert counts(splits["train"], labels_N) == wanted
    assert set(splits["train"]) <= set(before["train"])
    for name in ("val", "test"):
        assert splits[name].tolist() == before[name].tolist()


def test_the_seed_decides():
    labels_N = labelled(40, 30, 20)
    for draw in (
        lambda seed: coop_thirds(labels_N, seed)["train"],
        lambda seed: held_out(np.arange(90), labels_N, 0.2, seed)["val"],
        lambda seed: fewer(coop_thirds(labels_N, 0), labels_N, 3, None, seed)["train"],
        lambda seed: fewer(coop_thirds(labels_N, 0), labels_N, None, 0.5, seed)["train"],
    ):
        assert draw(0).tolist() == draw(0).tolist()
        assert draw(0).tolist() != draw(1).tolist()


@given(labels, seeds)
def test_rows_are_sorted(labels_N, seed):
    """So that raw files are read in one pass."""
    for rows in coop_thirds(labels_N, seed).values():
        assert (np.diff(rows) > 0).all()


FILES = [Path(f"/raw/SUN397/a/abbey/sun_{n}.jpg") for n in range(4)]
DEEP = [Path(f"/raw/SUN397/a/apartment_building/outdoor/sun_{n}.jpg") for n in range(2)]


@pytest.fixture
def split_file(tmp_path):
    def of(**parts: list[str]) -> Path:
        items = {part: [[name, 0, "abbey"] for name in names] for part, names in parts.items()}
        (tmp_path / "split_zhou.json").write_text(json.dumps(items))
        return tmp_path / "split_zhou.json"

    return of


def test_a_split_file_names_exactly_its_images(split_file):
    path = split_file(train=["sun_2.jpg", "sun_0.jpg"], val=["sun_3.jpg"], test=["sun_1.jpg"])
    splits = from_file(path, FILES)
    assert {name: rows.tolist() for name, rows in splits.items()} == {
        "train": [0, 2], "val": [3], "test": [1],
    }  # fmt: skip


def test_names_may_have_different_numbers_of_folders(split_file):
    """SUN397's classes do: a/abbey and a/apartment_building/outdoor."""
    path = split_file(
        train=["a/abbey/sun_0.jpg", "a/apartment_building/outdoor/sun_0.jpg"],
        val=["a/abbey/sun_1.jpg"],
        test=["a/apartment_building/outdoor/sun_1.jpg"],
    )
    splits = from_file(path, FILES + DEEP)
    assert {name: rows.tolist() for name, rows in splits.items()} == {
        "train": [0, 4], "val": [1], "test": [5],
    }  # fmt: skip


def test_images_that_are_not_there_are_named(split_file):
    path = split_file(train=["sun_0.jpg", "sun_8.jpg", "sun_9.jpg"], val=[], test=["sun_1.jpg"])
    with pytest.raises(InputError, match=r"names 2 images that are not there, sun_8\.jpg first"):
        from_file(path, FILES)


def test_an_image_in_two_splits_is_refused(split_file):
    path = split_file(train=["sun_0.jpg"], val=["sun_1.jpg"], test=["sun_0.jpg"])
    with pytest.raises(InputError, match=r"sun_0\.jpg"):
        from_file(path, FILES)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"train": [], "val": []}', '{"train": 1, "val": 1, "test": 1}',
             '{"train": [[]], "val": [], "test": []}']
)  # fmt: skip
def test_a_file_of_another_form_is_refused(tmp_path, text):
    (tmp_path / "split.json").write_text(text)
    with pytest.raises(InputError, match=r"split\.json is no split file with train, val and test"):
        from_file(tmp_path / "split.json", FILES)
    with pytest.raises(InputError, match=r"other\.json is no split file"):
        from_file(tmp_path / "other.json", FILES)
