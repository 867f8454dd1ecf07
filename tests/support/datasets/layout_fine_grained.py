"""Aircraft, birds and dogs, whose classes differ in details."""

from __future__ import annotations

import numpy as np

from tests.support.datasets.layout import Layout
from tests.support.datasets.layout_lists import mat
from tests.support.datasets.pictures import Which, each, encoded

VARIANTS = ["707-320", "A300B4", "F-16A/B", "Boeing 717"]


def fgvc_aircraft() -> Layout:
    """The name of a variant may have spaces, and the order is that of variants.txt."""
    folder = "fgvc-aircraft-2013b/data"
    files = {f"{folder}/variants.txt": "\n".join(VARIANTS).encode() + b"\n"}
    number = 34_958
    for part, count in (("train", 4), ("val", 2), ("test", 3)):
        lines = []
        for which in sorted(each(part, 4, count), key=lambda w: (w.index, -w.label)):
            number += 7
            files[f"{folder}/images/{number:07}.jpg"] = encoded(which, height=40, width=70)
            lines.append(f"{number:07} {VARIANTS[which.label]}\n")
        files[f"{folder}/images_variant_{part}.txt"] = "".join(lines).encode()
        files[f"{folder}/images_family_{part}.txt"] = b"0034965 Boeing 707\n"
    parts = {"train": 4, "val": 2, "test": 3}
    return Layout({"fgvc-aircraft-2013b.tar.gz": files}, VARIANTS, parts)


def _birds(folder: str, classes: dict[str, str], placed) -> dict:
    """The four lists of CUB-200 and NABirds; images are numbered in no order of the classes."""
    files, rows = {}, {"images": [], "image_class_labels": [], "train_test_split": []}
    every = [w for part, n in (("train", 5), ("test", 3)) for w in each(part, 3, n)]
    np.random.default_rng(0).shuffle(every)
    for n, (part, label, index) in enumerate(every, start=1):
        which = Which(str(part), int(label), int(index))
        place, number, key = placed(which, n)
        files[f"{folder}/images/{place}"] = encoded(which, height=36, width=44)
        rows["images"].append(f"{key} {place}")
        rows["image_class_labels"].append(f"{key} {number}")
        rows["train_test_split"].append(f"{key} {int(which.part == 'train')}")
    lists = {f"{folder}/{name}.txt": "\n".join(lines).encode() for name, lines in rows.items()}
    lines = [f"{number} {name}" for number, name in classes.items()]
    return files | lists | {f"{folder}/classes.txt": ("\n".join(lines) + "\n").encode()}


ALBATROSSES = ["001.Black_footed_Albatross", "002.Laysan_Albatross", "003.Chuck_will_Widow"]


def cub200() -> Layout:
    classes = {str(k): name for k, name in enumerate(ALBATROSSES, start=1)}

    def placed(which: Which, n: int) -> tuple[str, str, str]:
        name = ALBATROSSES[which.label]
        return f"{name}/{name[4:]}_{which.part}_{which.index}.jpg", str(which.label + 1), str(n)

    members = _birds("CUB_200_2011", classes, placed)
    names = ["Black footed Albatross", "Laysan Albatross", "Chuck will Widow"]
    archive = {"attributes.txt": b"1 has_bill_shape::curved", **members}
    return Layout({"CUB_200_2011.tgz": archive}, names, {"train": 5, "test": 3})


def nabirds() -> Layout:
    """Groups of species are numbered too, and have no image; numbers sort as numbers."""
    leaves = ["99", "295", "1010"]
    names = ["Common Eider (Adult male)", "Snow Goose (White morph)", "Dark-eyed Junco"]
    classes = {"0": "Birds", "22": "Ducks, Geese, and Swans"}
    classes |= dict(zip(leaves, names, strict=True))

    def placed(which: Which, n: int) -> tuple[str, str, str]:
        key = f"{n:08x}-0b7a-4f3e"
        number = leaves[which.label]
        return f"{int(number):04}/{key.replace('-', '')}.jpg", number, key

    files = _birds("nabirds", classes, placed)
    return Layout({"nabirds.tar.gz": files}, names, {"train": 5, "test": 3})


BREEDS = ["n02085620-Chihuahua", "n02107312-miniature_pinscher", "n02116738-African_hunting_dog"]


def stanford_dogs() -> Layout:
    """Lists are MATLAB's cells of names, and their labels are counted from 1."""
    images, lists = {}, {}
    for part, number in (("train", 5), ("test", 3)):
        rows = list(each(part, 3, number))
        names = [f"{BREEDS[w.label]}/{BREEDS[w.label][:9]}_{part}{w.index}.jpg" for w in rows]
        images |= {f"Images/{n}": encoded(w, height=50) for n, w in zip(names, rows, strict=True)}
        cells = np.array([[name] for name in names], dtype=object)
        labels = np.array([[w.label + 1] for w in rows], dtype=np.uint8)
        lists[f"{part}_list.mat"] = mat({"file_list": cells, "labels": labels})
    archives = {"images.tar": images, "lists.tar": lists}
    names = ["Chihuahua", "miniature pinscher", "African hunting dog"]
    folders = dict.fromkeys(archives, "stanford_dogs")
    return Layout(archives, names, {"train": 5, "test": 3}, folders)
