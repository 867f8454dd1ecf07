"""Datasets whose labels and parts stand in lists apart from the image files."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
from scipy.io import savemat

from tests.support.datasets.layout import Layout
from tests.support.datasets.pictures import Which, each, encoded


def gtsrb() -> Layout:
    """A folder for each class to train on, a table for the test images, all of them PPM."""
    train, rows = {}, []
    for which in each("train", 43, 5):
        size = {"height": 20 + which.index, "width": 27}
        name = f"{which.label:05}/{which.index:05}_{which.index:05}.ppm"
        train[f"GTSRB/Final_Training/Images/{name}"] = encoded(which, "PPM", **size)
    for label in range(43):
        train[f"GTSRB/Final_Training/Images/{label:05}/GT-{label:05}.csv"] = b"Filename;Width\r\n"
    test = {"GTSRB/Final_Test/Images/GT-final_test.test.csv": b"Filename;Width\r\n"}
    # Not in the order of the classes.
    for n, which in enumerate(sorted(each("test", 43, 2), key=lambda w: (w.index, -w.label))):
        test[f"GTSRB/Final_Test/Images/{n:05}.ppm"] = encoded(which, "PPM", 33, 25)
        rows.append([f"{n:05}.ppm", 25, 33, 5, 5, 20, 28, which.label])
    header = ["Filename", "Width", "Height", "Roi.X1", "Roi.Y1", "Roi.X2", "Roi.Y2", "ClassId"]
    table = io.StringIO()
    csv.writer(table, delimiter=";").writerows([header, *rows])
    archives = {
        "GTSRB_Final_Training_Images.zip": train,
        "GTSRB_Final_Test_Images.zip": test,
        "GTSRB_Final_Test_GT.zip": {"GT-final_test.csv": table.getvalue().encode()},
    }
    return Layout(archives, [], {"train": 5, "test": 2})


DTD = ["banded", "blotchy", "cracked", "zig_zagged"]


def dtd() -> Layout:
    members: dict[str, bytes] = {}
    for part in ("train", "val", "test"):
        lines = []
        for which in each(part, 4, 4):
            name = f"{DTD[which.label]}/{DTD[which.label]}_{part}{which.index:04}.jpg"
            members[f"dtd/images/{name}"] = encoded(which, height=41, width=56)
            lines.append(name)
        members[f"dtd/labels/{part}1.txt"] = ("\n".join(lines) + "\n").encode()
        members[f"dtd/labels/{part}2.txt"] = b"blotchy/of_another_split.jpg\n"
    names = ["banded", "blotchy", "cracked", "zig zagged"]
    parts = {"train": 4, "val": 4, "test": 4}
    return Layout({"dtd-r1.0.1.tar.gz": members}, names, parts, {"dtd-r1.0.1.tar.gz": "dtd"})


def flowers102() -> Layout:
    """Images are numbered through; two MATLAB files say the class and the part of each number."""
    parts = {"train": 1, "val": 1, "test": 3}
    every = [which for part, number in parts.items() for which in each(part, 102, number)]
    np.random.default_rng(0).shuffle(every)
    numbered = {n: Which(p, int(k), int(i)) for n, (p, k, i) in enumerate(every, start=1)}
    members = {
        f"jpg/image_{n:05}.jpg": encoded(w, height=40, width=36) for n, w in numbered.items()
    }
    ids = {
        key: np.array([[n for n, which in numbered.items() if which.part == part]])
        for key, part in [("trnid", "train"), ("valid", "val"), ("tstid", "test")]
    }
    labels = np.array([[which.label + 1 for which in numbered.values()]], dtype=np.uint8)
    archives = {
        "102flowers.tgz": members,
        "imagelabels.mat": mat({"labels": labels}),
        "setid.mat": mat(ids),
    }
    return Layout(archives, [], parts, dict.fromkeys(archives, "flowers-102"))


def mat(values: dict) -> bytes:
    file = io.BytesIO()
    savemat(file, values)
    return file.getvalue()


FOOD = ["apple_pie", "baby_back_ribs", "waffles"]


def food101() -> Layout:
    members: dict[str, bytes] = {}
    for part, number in (("train", 6), ("test", 4)):
        listed: dict[str, list[str]] = {name: [] for name in FOOD}
        for which in each(part, 3, number):
            name = f"{FOOD[which.label]}/{1000 * len(part) + which.index}"
            members[f"food-101/images/{name}.jpg"] = encoded(which, height=51, width=48)
            listed[FOOD[which.label]].append(name)
        members[f"food-101/meta/{part}.json"] = json.dumps(listed).encode()
        lines = [name for names in listed.values() for name in names]
        members[f"food-101/meta/{part}.txt"] = "\n".join(lines).encode()
    members["food-101/meta/classes.txt"] = "\n".join(FOOD).encode()
    names = ["apple pie", "baby back ribs", "waffles"]
    return Layout({"food-101.tar.gz": members}, names, {"train": 6, "test": 4})


EUROSAT = ["AnnualCrop", "Forest", "HerbaceousVegetation", "SeaLake"]


def eurosat() -> Layout:
    members = {
        f"2750/{EUROSAT[w.label]}/{EUROSAT[w.label]}_{w.index + 1}.jpg": encoded(w, "JPEG", 64, 64)
        for w in each("all", 4, 10)
    }
    names = ["Annual Crop", "Forest", "Herbaceous Vegetation", "Sea Lake"]
    return Layout({"EuroSAT.zip": members}, names, {"all": 10}, {"EuroSAT.zip": "eurosat"})


PETS = ["Abyssinian", "american_bulldog", "yorkshire_terrier"]


def oxford_pets() -> Layout:
    """The class is counted from 1; cats begin with a capital and dogs do not."""
    images, notes = {"images/Abyssinian_100.mat": b"not an image"}, {}
    for part, file, number in (("train", "trainval", 5), ("test", "test", 3)):
        lines = []
        for which in each(part, 3, number):
            name = f"{PETS[which.label]}_{1 + which.index + 100 * (part == 'test')}"
            images[f"images/{name}.jpg"] = encoded(which, height=45, width=37)
            lines.append(f"{name} {which.label + 1} {1 + (which.label > 0)} {which.label or 1}")
        notes[f"annotations/{file}.txt"] = ("\n".join(lines) + "\n").encode()
    notes["annotations/list.txt"] = b"#Image CLASS-ID SPECIES BREED ID\n"
    archives = {"images.tar.gz": images, "annotations.tar.gz": notes}
    names = ["Abyssinian", "American Bulldog", "Yorkshire Terrier"]
    folders = dict.fromkeys(archives, "oxford-iiit-pet")
    return Layout(archives, names, {"train": 5, "test": 3}, folders)
