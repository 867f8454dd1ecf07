"""Cars, scenes and videos, whose raw files lie in places of their own."""

from __future__ import annotations

import numpy as np

from tests.support.datasets.layout import Layout
from tests.support.datasets.layout_lists import mat
from tests.support.datasets.pictures import each, encoded

CARS = ["AM General Hummer SUV 2000", "Acura RL Sedan 2012", "smart fortwo Convertible 2012"]


def stanford_cars() -> Layout:
    """Records of MATLAB: the box, the class counted from 1, the file."""
    kinds = [("bbox_x1", "u1"), ("bbox_y1", "u1"), ("bbox_x2", "u1"), ("bbox_y2", "u1"),
             ("class", "u1"), ("fname", "O")]  # fmt: skip
    files: dict[str, bytes] = {}
    for part, number in (("train", 5), ("test", 3)):
        records = []
        for n, which in enumerate(each(part, 3, number), start=1):
            files[f"stanford_cars/cars_{part}/{n:05}.jpg"] = encoded(which, height=40, width=60)
            records.append((1, 1, 60, 40, which.label + 1, f"{n:05}.jpg"))
        devkit = {"train": "devkit/cars_train_annos.mat", "test": "cars_test_annos_withlabels.mat"}
        table = np.array([records], dtype=kinds).reshape(1, -1)
        files[f"stanford_cars/{devkit[part]}"] = mat({"annotations": table})
    names = mat({"class_names": np.array([CARS], dtype=object)})
    files["stanford_cars/devkit/cars_meta.mat"] = names
    return Layout({"cars.tar": files}, CARS, {"train": 5, "test": 3})


SCENES = ["/a/abbey", "/a/apartment_building/outdoor", "/y/youth_hostel"]


def sun397() -> Layout:
    """Classes have one or two folders below that of their letter."""
    images = {"SUN397/README.txt": b"SUN397"}
    for part, number in (("train", 5), ("test", 5)):
        for which in each(part, 3, number):
            name = f"{SCENES[which.label]}/sun_{part}{which.index}.jpg"
            images[f"SUN397{name}"] = encoded(which, height=50, width=40)
    classes = "\n".join(SCENES).encode() + b"\n"
    images["SUN397/ClassName.txt"] = classes
    lists = {"ClassName.txt": classes}
    for part, file in (("train", "Training"), ("test", "Testing")):
        lines = [f"{SCENES[w.label]}/sun_{part}{w.index}.jpg" for w in each(part, 3, 5)]
        lists[f"{file}_01.txt"] = ("\r\n".join(lines) + "\r\n").encode()
        lists[f"{file}_02.txt"] = b"/a/abbey/sun_of_another_partition.jpg\r\n"
    archives = {"SUN397.tar.gz": images, "Partitions.zip": lists}
    names = ["abbey", "outdoor apartment building", "youth hostel"]
    return Layout(archives, names, {"train": 5, "test": 5}, {"Partitions.zip": "SUN397"})


ACTIONS = {"ApplyEyeMakeup": "Apply_Eye_Makeup", "HandstandPushups": "Handstand_Pushups",
           "YoYo": "Yo_Yo"}  # fmt: skip


def ucf101() -> Layout:
    """CoOp's middle frames with the lists of the videos; two names differ by a capital."""
    frames, lists = {}, {}
    rows = enumerate(ACTIONS, start=1)
    lists["ucfTrainTestlist/classInd.txt"] = "".join(f"{n} {a}\r\n" for n, a in rows).encode()
    for part, number in (("train", 5), ("test", 2)):
        lines = []
        for which in each(part, 3, number):
            action = list(ACTIONS)[which.label]
            inner = action.replace("Handstand", "HandStand")
            video = f"v_{inner}_g{len(part):02}_c{which.index:02}"
            frames[f"UCF-101-midframes/{ACTIONS[action]}/{video}.jpg"] = encoded(which, "JPEG", 36)
            label = f" {which.label + 1}" if part == "train" else ""
            lines.append(f"{action}/{video}.avi{label}\r\n")
        lists[f"ucfTrainTestlist/{part}list01.txt"] = "".join(lines).encode()
    names = ["Apply Eye Makeup", "Handstand Pushups", "Yo Yo"]
    archives = {"UCF-101-midframes.zip": frames, "lists.zip": lists}
    return Layout(archives, names, {"train": 5, "test": 2})
