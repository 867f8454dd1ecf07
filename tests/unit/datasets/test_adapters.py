"""Every dataset that is made of files, from a tiny copy of what its archives hold."""

from typing import get_args

import numpy as np
import pytest

from lorvp.datasets.adapters import DatasetConfig
from lorvp.datasets.adapters.gtsrb import NAMES as SIGNS
from lorvp.datasets.imagenet_classes import imagenet_synsets
from tests.support.datasets.layout import lay
from tests.support.datasets.layout_own import one_folder
from tests.support.datasets.layouts import LAYOUTS, layout
from tests.support.datasets.making import make, offered, per_class, published, seen
from tests.support.datasets.server import serving

DRAWN = {"letters", "digits"}
"""Made of no files."""
# Images of each class in train, val and test, written out from the number in the tiny copy:
# a tenth of train held out (at least one); CoOp: half, a fifth, the rest; of a published split: a
# fifth of train held out.
EACH = {
    "cifar10": (9, 1, 2),
    "cifar100": (4, 1, 1),  # round(0.5) is 0: then one
    "svhn": (9, 1, 3),
    "gtsrb": (4, 1, 2),
    "dtd": (6, 2, 4),  # of 12
    "flowers102": (2, 1, 2),  # of 5; half of it is rounded to even
    "food101": (5, 2, 3),  # of 10
    "eurosat": (5, 2, 3),
    "oxford_pets": (4, 1, 3),
    "stanford_cars": (4, 1, 3),
    "sun397": (4, 1, 5),
    "ucf101": (4, 1, 2),
    "caltech101": (5, 2, 3),
    "resisc45": (6, 2, 3),
    "vtab": (5, 2, 3),
    "fgvc_aircraft": (4, 2, 3),
    "cub200": (4, 1, 3),
    "nabirds": (4, 1, 3),
    "stanford_dogs": (4, 1, 3),
    "tiny_imagenet": (4, 1, 2),
    "imagenet": (1, 1, 1),
    "imagenet_r": (0, 0, 1),
    "imagenet_a": (0, 0, 1),
    "imagenet_sketch": (0, 0, 1),
    "imagenet_v2": (0, 0, 1),
    "folder": (4, 1, 2),
    "folder_test": (0, 0, 2),
    "huggingface": (4, 1, 2),
}
TEST_DRAWN = {"dtd", "flowers102", "food101", "eurosat", "caltech101"}
"""Their test images come out of all parts."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Each dataset, prepared once from a folder of raw files."""
    done = {}

    def of(kind: str):
        if kind not in done:
            root = lay(layout(kind), tmp_path_factory.mktemp(f"raw-{kind}"))
            key = "path" if kind == "huggingface" else "root"
            folder = tmp_path_factory.mktemp("prepared") / kind
            done[kind] = make(folder, kind, **{key: str(root)})
        return done[kind]

    return of


def test_there_is_a_tiny_copy_of_every_kind():
    kinds = {k.model_fields["kind"].default for k in get_args(get_args(DatasetConfig)[0])}
    assert set(LAYOUTS) | DRAWN == kinds
    assert set(EACH) == set(LAYOUTS)


@pytest.mark.parametrize("kind", LAYOUTS)
def test_every_image_has_its_label_and_lies_in_one_split(made, kind):
    """Each in the split that its published part becomes, or drawn from all of them."""
    found, parts = seen(made(kind)), layout(kind).parts
    classes = len(made(kind).class_names)
    for split, each in zip(("train", "val", "test"), EACH[kind], strict=True):
        assert per_class(found[split], classes) == [each] * classes, split
    together = [which for rows in found.values() for which in rows]
    expected = [(p, k, n) for p, number in parts.items() for k in range(classes)
                for n in range(number)]  # fmt: skip
    assert sorted(together) == sorted(expected)
    if kind not in TEST_DRAWN:
        assert {which.part for which in found["test"]} == {"test"}
        assert "test" not in {which.part for which in found["train"] + found["val"]}


@pytest.mark.parametrize("kind", LAYOUTS)
def test_classes_have_names_that_can_be_read_aloud(made, kind):
    names = made(kind).class_names
    expected = {"gtsrb": SIGNS, "flowers102": names}.get(kind, layout(kind).names)
    assert names == expected
    assert len(set(names)) == len(names)
    assert not any("_" in name for name in names)


def test_classes_that_the_files_do_not_name(made):
    signs, flowers = (made(kind).class_names for kind in ("gtsrb", "flowers102"))
    numbered = {0: "speed limit 20 km/h", 13: "give way", 14: "stop", 17: "no entry",
                25: "road works", 40: "roundabout"}  # fmt: skip
    assert {k: signs[k] for k in numbered} == numbered
    assert (len(signs), len(flowers)) == (43, 102)
    assert (flowers[0], flowers[101]) == ("pink primrose", "blackberry lily")


@pytest.mark.parametrize("kind", [kind for kind in LAYOUTS if published(kind)])
def test_downloaded_it_is_the_same(made, kind, tmp_path, monkeypatch):
    """Packed as the original is, and unpacked where the reader looks for it."""
    monkeypatch.setenv("LORVP_RAW", str(tmp_path / "raw"))
    with serving() as server:
        archives = offered(kind, layout(kind), server)
        data = make(tmp_path / kind, kind, archives=archives)
        assert sorted(server.asked) == sorted(server.files)
        assert data.digest == made(kind).digest
        make(tmp_path / kind, kind, archives=archives, seed=1)
        assert len(server.asked) == len(server.files), "raw files were downloaded again"


@pytest.mark.parametrize("kind", ["cifar10", "svhn"])
def test_arrays_are_stored_as_they_are(made, kind):
    """Not one grey level off: no image was compressed or resized."""
    images = made(kind).split("test").images_NHWC.numpy()
    assert images.shape[1:] == (32, 32, 3)
    assert set(np.unique(images)) == {0, 40, 80, 170, 210, 250}


def test_folders_of_imagenet_v2_are_numbers_and_not_words(made):
    """Sorted as text, folder 10 would come before folder 2."""
    first = [which.label for which in seen(made("imagenet_v2"))["test"]][:12]
    assert first == list(range(12))


def test_synsets_are_in_the_order_of_the_logits(made):
    assert imagenet_synsets()[:2] == ["n01440764", "n01443537"]
    assert made("imagenet").class_names[:2] == ["tench", "goldfish"]
    assert made("imagenet_r").class_names[0] == "goldfish"


def test_one_folder_is_split_by_seed(tmp_path):
    root = str(lay(one_folder(), tmp_path / "raw"))
    first = make(tmp_path / "a", "folder", root=root)
    found = seen(first)
    # A fifth to test, then a tenth of the eight that are left, rounded.
    for split, each in (("train", 7), ("val", 1), ("test", 2)):
        assert per_class(found[split], 3) == [each] * 3
    assert len({which for rows in found.values() for which in rows}) == 30
    assert make(tmp_path / "b", "folder", root=root).digest == first.digest
    assert make(tmp_path / "c", "folder", root=root, seed=1).digest != first.digest


def test_a_folder_of_val_is_kept_where_test_is_drawn(tmp_path):
    root = lay(layout("folder"), tmp_path / "raw")
    (root / "test").rename(root / "val")
    found = seen(make(tmp_path / "a", "folder", root=str(root)))
    for split, each in (("train", 4), ("val", 2), ("test", 1)):
        assert per_class(found[split], 3) == [each] * 3
    assert {which.part for which in found["val"]} == {"test"}
    assert {which.part for which in found["test"]} == {"train"}
