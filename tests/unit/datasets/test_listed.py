"""Images that lie among a dataset's own, and that none of its lists names."""

import json
from typing import get_args

import pytest

from lorvp.datasets.adapters import DatasetConfig
from tests.support.datasets.layout import lay
from tests.support.datasets.layouts import LAYOUTS, layout
from tests.support.datasets.making import class_of, make

OF_LISTS = {
    "dtd": ["dtd/dtd/images/banded/more.jpg", "dtd/dtd/images/new_class/more.PNG"],
    "food101": ["food-101/images/waffles/more.jpg"],
    "flowers102": ["flowers-102/jpg/image_99999.jpg"],
    "oxford_pets": ["oxford-iiit-pet/images/Abyssinian_999.jpg"],
    "stanford_cars": ["stanford_cars/cars_train/x.jpg", "stanford_cars/cars_test/x.jpg"],
    "sun397": ["SUN397/a/abbey/more.jpg", "SUN397/y/more.jpg"],
    "ucf101": ["UCF-101-midframes/Yo_Yo/more.jpg"],
    "fgvc_aircraft": ["fgvc-aircraft-2013b/data/images/9999999.jpg"],
    "cub200": ["CUB_200_2011/images/001.Black_footed_Albatross/more.jpg"],
    "nabirds": ["nabirds/images/0099/more.jpg"],
    "stanford_dogs": ["stanford_dogs/Images/n02085620-Chihuahua/more.jpg"],
    "tiny_imagenet": ["tiny-imagenet-200/val/images/more.JPEG"],
    "gtsrb": ["GTSRB/Final_Test/Images/99999.ppm"],
}


def numbers(data) -> dict[str, int]:
    return {kind: facts["files"] for kind, facts in data.not_used.items()}


def test_every_dataset_of_lists_is_here():
    kinds = {k.model_fields["kind"].default for k in get_args(get_args(DatasetConfig)[0])}
    assert {kind for kind in kinds if getattr(class_of(kind), "listed", ())} == set(OF_LISTS)


@pytest.mark.parametrize("kind", OF_LISTS)
def test_what_no_list_names_is_counted_by_its_ending_and_changes_nothing(kind, tmp_path):
    root = lay(layout(kind), tmp_path / "raw")
    before = make(tmp_path / "before", kind, root=str(root))
    assert numbers(before) == {}, "every image of the tiny copy is in a list"
    expected: dict[str, int] = {}
    for path in [*OF_LISTS[kind], OF_LISTS[kind][0].rpartition("/")[0] + "/new.heic"]:
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_bytes(b"not looked into")
        said = f".{path.rpartition('.')[2]} that no list names"
        expected[said] = expected.get(said, 0) + 1
    after = make(tmp_path / "after", kind, root=str(root))
    assert numbers(after) == expected
    assert {facts["first"] for facts in after.not_used.values()} <= {
        *OF_LISTS[kind], OF_LISTS[kind][0].rpartition("/")[0] + "/new.heic"}  # fmt: skip
    assert (after.digest, after.sizes) == (before.digest, before.sizes)


@pytest.mark.parametrize("kind", sorted(set(LAYOUTS) - set(OF_LISTS)))
def test_of_the_others_nothing_is_said_of_lists(kind, tmp_path):
    root = lay(layout(kind), tmp_path / "raw")
    key = "path" if kind == "huggingface" else "root"
    data = make(tmp_path / "made", kind, **{key: str(root)})
    assert not [said for said in data.not_used if "list" in said]


def test_a_list_may_name_files_by_way_of_links(tmp_path):
    root = lay(layout("dtd"), tmp_path / "raw")
    images = root / "dtd/dtd/images"
    (images / "banded").rename(images / "a_real_folder")
    (images / "banded").symlink_to(images / "a_real_folder")
    file = min((images / "cracked").iterdir())
    file.rename(images / "cracked" / "a_real_file.jpg")
    file.symlink_to(images / "cracked" / "a_real_file.jpg")
    assert numbers(make(tmp_path / "made", "dtd", root=str(root))) == {}


def test_what_a_split_file_leaves_out_is_counted(tmp_path):
    root = lay(layout("eurosat"), tmp_path / "raw")
    files = sorted(path.relative_to(root / "eurosat/2750") for path in root.rglob("*.jpg"))
    kept = [[str(path), 0, "x"] for path in files if not path.stem.endswith("_7")]
    split = {"train": kept[0::3], "val": kept[1::3], "test": kept[2::3]}
    (tmp_path / "split_mine.json").write_text(json.dumps(split))
    data = make(
        tmp_path / "made", "eurosat", root=str(root), split=str(tmp_path / "split_mine.json")
    )
    assert data.not_used == {
        ".jpg that split_mine.json does not name": {
            "files": 4, "first": "eurosat/2750/AnnualCrop/AnnualCrop_7.jpg"}}  # fmt: skip
