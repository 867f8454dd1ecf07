"""Folders of raw files that are not what they should be: one message, which says what should."""

import numpy as np
import pytest

from lorvp.errors import InputError
from tests.support.datasets.layout import lay
from tests.support.datasets.layout_lists import mat
from tests.support.datasets.layout_own import one_folder
from tests.support.datasets.layouts import LAYOUTS, layout
from tests.support.datasets.making import class_of, config

# Small files on which the labels of all images depend.
LISTS = {
    "cifar10": ["cifar-10-batches-py/batches.meta", "cifar-10-batches-py/test_batch"],
    "cifar100": ["cifar-100-python/meta", "cifar-100-python/train"],
    "svhn": ["train_32x32.mat", "test_32x32.mat"],
    "gtsrb": ["GT-final_test.csv"],
    "dtd": ["dtd/dtd/labels/train1.txt", "dtd/dtd/labels/test1.txt"],
    "flowers102": ["flowers-102/imagelabels.mat", "flowers-102/setid.mat"],
    "food101": ["food-101/meta/train.json", "food-101/meta/test.json"],
    "oxford_pets": ["oxford-iiit-pet/annotations/trainval.txt"],
    "stanford_cars": [
        "stanford_cars/devkit/cars_meta.mat",
        "stanford_cars/devkit/cars_train_annos.mat",
        "stanford_cars/cars_test_annos_withlabels.mat",
    ],
    "sun397": ["SUN397/Training_01.txt"],
    "ucf101": ["ucfTrainTestlist/classInd.txt", "ucfTrainTestlist/testlist01.txt"],
    "resisc45": ["resisc45-train.txt", "resisc45-test.txt"],
    "vtab": ["kitti/train800.txt", "kitti/test.txt"],
    "fgvc_aircraft": [
        "fgvc-aircraft-2013b/data/variants.txt",
        "fgvc-aircraft-2013b/data/images_variant_val.txt",
    ],
    "cub200": ["CUB_200_2011/images.txt", "CUB_200_2011/train_test_split.txt"],
    "nabirds": ["nabirds/image_class_labels.txt", "nabirds/classes.txt"],
    "stanford_dogs": ["stanford_dogs/train_list.mat", "stanford_dogs/test_list.mat"],
    "tiny_imagenet": ["tiny-imagenet-200/wnids.txt", "tiny-imagenet-200/val/val_annotations.txt"],
}
OF_FOLDERS = [kind for kind in LAYOUTS if kind not in ("huggingface", "folder", "folder_test")]


@pytest.mark.parametrize("kind", OF_FOLDERS)
def test_an_empty_folder_says_what_should_be_in_it(kind, tmp_path):
    with pytest.raises(InputError) as error:
        config(kind, root=str(tmp_path)).source()
    assert class_of(kind).layout in str(error.value)
    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize("kind", ["folder", "folder_test", "imagenet_v2", "cifar10", "dtd"])
def test_no_folder_is_said_too(kind, tmp_path):
    with pytest.raises(InputError, match=rf"{tmp_path}/nowhere"):
        config(kind, root=f"{tmp_path}/nowhere").source()


@pytest.mark.parametrize(
    ("kind", "file"), [(kind, file) for kind, files in LISTS.items() for file in files]
)
def test_a_list_that_is_no_list(kind, file, tmp_path):
    """A page of some server instead; cut, if it is of a kind that has an end; or not there."""
    root = lay(layout(kind), tmp_path / "raw")
    path = root / file
    contents = [b"<html>\nfound / nothing\n</html>\n"]
    if path.suffix not in (".txt", ".csv"):
        contents.append(path.read_bytes()[: path.stat().st_size // 2])
    for content in contents:
        path.write_bytes(content)
        with pytest.raises(InputError, match=str(root)):
            config(kind, root=str(root)).source()
    path.unlink()
    with pytest.raises(InputError, match=str(root)):
        config(kind, root=str(root)).source()


@pytest.mark.parametrize("kind", ["stanford_cars", "ucf101", "imagenet", "nabirds", "vtab"])
def test_what_cannot_be_downloaded_says_so(kind):
    with pytest.raises(InputError, match=r"cannot be downloaded.*`root`") as error:
        config(kind).source()
    assert class_of(kind).layout in str(error.value)


def test_imagenets_kin_need_all_their_classes(tmp_path):
    root = lay(layout("imagenet_a"), tmp_path / "raw")
    folder = next(p for p in (root / "imagenet-a").iterdir() if p.is_dir())
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    with pytest.raises(InputError, match="199 of the 200 classes"):
        config("imagenet_a", root=str(root)).source()


def test_a_copy_without_the_outer_folder_is_read_too(tmp_path):
    root = lay(layout("imagenet_a"), tmp_path / "raw")
    inner = config("imagenet_a", root=str(root / "imagenet-a")).source()
    assert len(inner.labels_N) == 200


@pytest.mark.parametrize("kind", ["cifar10", "cifar100"])
def test_cifar_is_read_without_the_outer_folder_too(kind, tmp_path):
    root = lay(layout(kind), tmp_path / "raw")
    inner = next(root.iterdir())
    assert len(config(kind, root=str(inner)).source().labels_N) == sum(
        len(layout(kind).names) * number for number in layout(kind).parts.values()
    )


FOLDERS = {
    "one class": (["train/cat/1.png", "test/cat/1.png"], "1 folders, .* two or more classes"),
    "files only": (["1.png", "2.png"], "0 folders"),
    "an empty class": (["cat/1.png", "cat/2.png", "dog/notes.txt"], "dog has no image"),
    "another class in test": (
        ["train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/cow/1.png"],
        "classes that are not in train: cow",
    ),
    "a class missing in test": (
        ["train/cat/1.png", "train/dog/1.png", "train/cow/1.png", "test/cat/1.png",
         "test/dog/1.png"],
        "test has no image of: cow",
    ),
    "val and test without train": (
        ["val/cat/1.png", "val/dog/1.png", "test/cat/1.png", "test/dog/1.png"], "train"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDERS)
def test_folders_that_are_no_dataset(name, tmp_path):
    paths, message = FOLDERS[name]
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    with pytest.raises(InputError, match=message):
        config("folder", root=str(tmp_path)).source()


def test_labels_beyond_the_names_are_refused(tmp_path):
    """Else an index of a class that is not there ends the first training."""
    root = lay(layout("flowers102"), tmp_path / "raw")
    labels = np.full((1, 510), 103, dtype=np.uint8)
    (root / "flowers-102/imagelabels.mat").write_bytes(mat({"labels": labels}))
    with pytest.raises(InputError, match="102"):
        config("flowers102", root=str(root)).source()


def test_root_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    lay(one_folder(), tmp_path / "raw")
    assert len(config("folder", root="~/raw").source().labels_N) == 30
