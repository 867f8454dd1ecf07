"""Each dataset's protocol: its own parts, CoOp's file, fewer images, and the sizes foretold."""

import json

import pytest

from lorvp.datasets.source import Sizes
from lorvp.errors import InputError
from tests.support.datasets.layout import lay
from tests.support.datasets.layouts import LAYOUTS, layout
from tests.support.datasets.making import class_of, config, make, per_class, published, seen

# METHODS.md, 3.2: classes, train, test. There, train is what is left when val is held out; where
# the papers hold out none (None below), ours is a tenth of the published train.
PAPERS = {
    "cifar10": (10, 50_000, 10_000, 0.1),
    "cifar100": (100, 50_000, 10_000, 0.1),
    "svhn": (10, 73_257, 26_032, 0.1),
    "gtsrb": (43, 39_209, 12_630, 0.1),
    "flowers102": (102, 4_093, 2_463, None),
    "dtd": (47, 2_820, 1_692, None),
    "ucf101": (101, 7_639, 3_783, None),
    "food101": (101, 50_500, 30_300, None),
    "sun397": (397, 15_888, 19_850, None),
    "eurosat": (10, 13_500, 8_100, None),
    "oxford_pets": (37, 2_944, 3_669, None),
    "caltech101": (100, 4_128, 2_465, None),
    "resisc45": (45, 18_900, 6_300, None),
    "fgvc_aircraft": (100, 3_334, 3_333, None),
    # VPT, Table 7: train and val together.
    "cub200": (200, 5_394 + 600, 5_794, 0.1),
    "nabirds": (555, 21_536 + 2_393, 24_633, 0.1),
    "stanford_dogs": (120, 10_800 + 1_200, 8_580, 0.1),
    "tiny_imagenet": (200, 100_000, 10_000, 0.1),
    "imagenet": (1000, 1_281_167, 50_000, 0.01),
}


@pytest.mark.parametrize("kind", PAPERS)
def test_foretold_sizes_are_the_papers(kind):
    """To half an image a class, as each class is rounded by itself."""
    classes, train, test, held_out = PAPERS[kind]
    foretold = config(kind, **needed(kind)).expected()
    assert foretold.classes == classes
    assert foretold.test == pytest.approx(test, abs=classes / 2)
    if held_out is None:
        assert foretold.train == pytest.approx(train, abs=classes / 2)
    else:
        assert foretold.train + foretold.val == train
        assert foretold.val == pytest.approx(held_out * train, abs=1)


def needed(kind: str) -> dict:
    return {} if published(kind) else {"root": "anywhere"}


@pytest.mark.parametrize("kind", ["imagenet_r", "imagenet_a", "imagenet_sketch", "imagenet_v2"])
def test_sets_to_be_tested_on_have_no_train(kind):
    numbers = {"imagenet_r": 30_000, "imagenet_a": 7_500, "imagenet_sketch": 50_889,
               "imagenet_v2": 10_000}  # fmt: skip
    classes = 200 if kind in ("imagenet_r", "imagenet_a") else 1000
    assert config(kind).expected() == Sizes(classes, 0, 0, numbers[kind])


def test_official_sizes():
    """DTD 40 + 40 + 40 a class, Flowers 10 + 10 + 6,149 in all, Food 750 + 250 a class."""
    assert config("dtd", split="official").expected() == Sizes(47, 1880, 1880, 1880)
    assert config("flowers102", split="official").expected() == Sizes(102, 1020, 1020, 6149)
    food = config("food101", split="official").expected()
    assert food == Sizes(101, 75_750 - 15_150, 15_150, 25_250)


def test_fewer_images_are_foretold_too():
    # Of CoOp's 60, 24 and 36 a class.
    assert config("dtd", shots=16).expected() == Sizes(47, 16 * 47, 1128, 1692)
    assert config("dtd", shots=16, val_shots=4).expected() == Sizes(47, 16 * 47, 4 * 47, 1692)
    assert config("dtd", val_shots=4).expected() == Sizes(47, 2820, 4 * 47, 1692)
    assert config("dtd", fraction=0.5).expected() == Sizes(47, 1410, 1128, 1692)
    assert config("dtd", shots=500, val_shots=500).expected() == Sizes(47, 2820, 1128, 1692)
    assert config("cifar10", val=0.2).expected() == Sizes(10, 40_000, 10_000, 10_000)
    assert config("huggingface", path="x").expected() is None


OFFICIAL = [{"split": "official"}, {"split": "official", "val": 0.4}]
TRIED = [
    (kind, settings)
    for kind in ["cifar10", "dtd", "eurosat", "food101", "oxford_pets", "svhn"]
    for settings in [
        {},
        {"shots": 2},
        {"shots": 2, "val_shots": 1},
        {"fraction": 0.5},
        {"val": 0.4},
    ]
    + OFFICIAL * (kind in ("dtd", "food101"))
]


@pytest.mark.parametrize(("kind", "settings"), TRIED, ids=str)
def test_what_is_foretold_is_what_comes(kind, settings, tmp_path, monkeypatch):
    """On the tiny copies; each class is rounded, twice where two shares are taken."""
    each = layout(kind).parts
    classes = len(layout(kind).names)
    parts = [classes * each.get(part, 0) for part in ("train", "val", "test")]
    parts[0] += classes * each.get("all", 0)
    monkeypatch.setattr(class_of(kind), "published", Sizes(classes, *parts))
    root = str(lay(layout(kind), tmp_path / "raw"))
    data = make(tmp_path / kind, kind, root=root, **settings)
    foretold = config(kind, **settings).expected()._asdict()
    assert foretold.pop("classes") == len(data.class_names)
    for split, number in foretold.items():
        assert data.sizes[split] == pytest.approx(number, abs=classes), split


@pytest.mark.parametrize("kind", ["dtd", "flowers102", "food101"])
def test_official_parts(kind, tmp_path):
    data = make(
        tmp_path / kind, kind, root=str(lay(layout(kind), tmp_path / "raw")), split="official"
    )
    found, parts = seen(data), layout(kind).parts
    classes = len(data.class_names)
    if "val" not in parts:  # a fifth of six a class is 1.2
        parts = {"train": parts["train"] - 1, "val": 1, "test": parts["test"]}
        assert {which.part for which in found["val"]} == {"train"}
    for split, number in parts.items():
        assert per_class(found[split], classes) == [number] * classes
        assert split == "val" or {which.part for which in found[split]} == {split}


NAMES = {
    "dtd": "banded/banded_train0000.jpg",
    "flowers102": "image_00007.jpg",
    "food101": "apple_pie/5000.jpg",
    "eurosat": "AnnualCrop/AnnualCrop_1.jpg",
    "oxford_pets": "Abyssinian_1.jpg",
    "stanford_cars": "cars_train/00001.jpg",
    "sun397": "a/apartment_building/outdoor/sun_train0.jpg",
    "ucf101": "Apply_Eye_Makeup/v_ApplyEyeMakeup_g05_c00.jpg",
    "caltech101": "car_side/image_0001.jpg",
    "resisc45": "sea_ice/sea_ice_train000.jpg",
}
"""An image of each dataset with such a setting, as CoOp's file calls it."""


@pytest.mark.parametrize("kind", NAMES)
def test_a_file_of_coop_is_followed(kind, tmp_path):
    root = lay(layout(kind), tmp_path / "raw")
    wanted = next(root.rglob(NAMES[kind]))
    others = sorted(p for p in wanted.parent.glob("*.jpg") if p != wanted)[:2]
    prefix = NAMES[kind].rpartition("/")[0]
    train, val = (f"{prefix}/{p.name}".lstrip("/") for p in others)
    rows = {"train": [train], "val": [val], "test": [NAMES[kind]]}
    named = {part: [[name, 0, "x"] for name in names] for part, names in rows.items()}
    (tmp_path / "split.json").write_text(json.dumps(named))
    data = make(tmp_path / kind, kind, root=str(root), split=str(tmp_path / "split.json"))
    assert data.sizes == {"train": 1, "val": 1, "test": 1}
    assert len({which for rows in seen(data).values() for which in rows}) == 3


VPT_NAMES = {
    "cub200": "002.Laysan_Albatross/Laysan_Albatross_train_0.jpg",
    "nabirds": "0099/*.jpg",
    "stanford_dogs": "n02107312-miniature_pinscher/n02107312_train0.jpg",
}
"""An image of each dataset as VPT's lists call it."""


@pytest.mark.parametrize("kind", VPT_NAMES)
def test_lists_of_vpt_are_followed(kind, tmp_path):
    """{image: class} in three files; classes are the dataset's own."""
    root = lay(layout(kind), tmp_path / "raw")
    folder = next(root.rglob(VPT_NAMES[kind])).parent
    train, val, test = (f"{folder.name}/{p.name}" for p in sorted(folder.glob("*.jpg"))[:3])
    lists = tmp_path / "lists"
    lists.mkdir()
    for part, names in (("train", [train]), ("val", [val]), ("test", [test])):
        (lists / f"{part}.json").write_text(json.dumps(dict.fromkeys(names, 99)))
    data = make(tmp_path / kind, kind, root=str(root), split=str(lists))
    assert data.sizes == {"train": 1, "val": 1, "test": 1}
    assert len({which for rows in seen(data).values() for which in rows}) == 3
    (lists / "val.json").write_text("[1")
    with pytest.raises(InputError, match=r"val\.json is none of VPT's lists"):
        config(kind, root=str(root), split=str(lists)).source()
    (lists / "val.json").write_text(json.dumps({"no/such.jpg": 1}))
    with pytest.raises(InputError, match=r"names 1 images that are not there, no/such\.jpg"):
        config(kind, root=str(root), split=str(lists)).source()


def test_every_dataset_with_such_a_setting_is_tried():
    having = {k for k in LAYOUTS if "split" in class_of(k).model_fields}
    assert having == NAMES.keys() | VPT_NAMES.keys()


def test_vpts_sizes_of_fgvc():
    """Its Table 7: official train and test, a tenth of train held out where there is no val."""
    cub, cars = config("cub200").expected(), config("stanford_cars", root="x", val=0.1).expected()
    assert cub == pytest.approx((200, 5394, 600, 5794), abs=1)
    assert cars == pytest.approx((196, 7329, 815, 8041), abs=1)
    assert config("stanford_dogs").expected() == (120, 10_800, 1_200, 8_580)
    assert config("nabirds", root="x").expected() == pytest.approx((555, 21_536, 2_393, 24_633))


def test_resisc45_can_be_drawn_in_coops_shares(tmp_path):
    """Half, a fifth and the rest of 11 a class: 5.5 rounds to 6."""
    root = lay(layout("resisc45"), tmp_path / "raw")
    for name in ("train", "val", "test"):
        (root / f"resisc45-{name}.txt").unlink()
    found = seen(make(tmp_path / "made", "resisc45", root=str(root), split="coop"))
    for split, each in (("train", 6), ("val", 2), ("test", 3)):
        assert per_class(found[split], 3) == [each] * 3
    assert config("resisc45", split="coop").expected() == Sizes(45, 15_750, 6_300, 9_450)


FEW = {"caltech101": (2, 3), "fgvc_aircraft": (2, 3), "resisc45": (2, 3), "vtab": (2, 3)}
"""Images of each class to validate and to test in the tiny copies."""


@pytest.mark.parametrize("shots", [1, 3])
@pytest.mark.parametrize("kind", FEW)
def test_a_few_shots_of_each_class_are_drawn_by_the_datasets_own_seed(kind, shots, tmp_path):
    """CoOp: `shots` of each class to train, at most 4 to validate. A grid's seeds are others, so
    that all of them train on the same images, as in AttrVR."""
    root = str(lay(layout(kind), tmp_path / "raw"))
    drawn = {"shots": shots, "val_shots": min(shots, 4), "root": root}
    first = seen(make(tmp_path / "a", kind, **drawn))
    classes = len(layout(kind).names)
    assert per_class(first["train"], classes) == [shots] * classes
    assert per_class(first["val"], classes) == [min(shots, FEW[kind][0])] * classes
    assert len(first["test"]) == FEW[kind][1] * classes
    assert seen(make(tmp_path / "b", kind, **drawn)) == first
    other = seen(make(tmp_path / "c", kind, **drawn, seed=1))
    assert other["train"] != first["train"]


def test_a_folder_is_looked_into_to_foretell_its_sizes(tmp_path):
    """3 classes; 5 to train, of which a tenth, rounded, is held out, but at least one."""
    root = str(lay(layout("folder"), tmp_path / "train"))
    assert config("folder", root=root).expected() == Sizes(3, 12, 3, 6)
    root = str(lay(layout("folder_test"), tmp_path / "test"))
    assert config("folder_test", root=root).expected() == Sizes(3, 0, 0, 6)


@pytest.mark.parametrize("kind", ["imagenet_r", "folder_test"])
@pytest.mark.parametrize("settings", [{"shots": 4}, {"fraction": 0.5}], ids=str)
def test_where_nothing_is_trained_on_there_is_nothing_to_cut(kind, settings, tmp_path):
    root = str(lay(layout(kind), tmp_path / "raw"))
    splits = config(kind, root=root, **settings).source().splits
    assert [len(splits[part]) > 0 for part in ("train", "val", "test")] == [False, False, True]


def test_classes_too_small_to_be_split_are_refused(tmp_path):
    """Else training would begin without a class."""
    root = lay(layout("folder"), tmp_path / "raw")
    for number, keep in ((1, "0.jpg"), (2, "0.jpg 1.png")):
        few = tmp_path / f"few{number}"
        for animal in ("big_cat", "zebra"):
            (few / animal).mkdir(parents=True)
            for path in (root / "train" / animal).rglob("*.*"):
                if animal == "zebra" or path.name in keep.split():
                    (few / animal / path.name).write_bytes(path.read_bytes())
        with pytest.raises(InputError, match="too few images to split of: big cat"):
            config("folder", root=str(few)).source()
