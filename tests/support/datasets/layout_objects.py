"""Objects, scenes from above, and VTAB-1k."""

from __future__ import annotations

from tests.support.datasets.layout import Layout
from tests.support.datasets.pictures import Which, each, encoded

OBJECTS = ["Faces", "Motorbikes", "airplanes", "car_side"]
"""In the order of the labels: capitals come first."""


def caltech101() -> Layout:
    """An archive of an archive; two of its folders are no classes."""
    inner = {
        f"101_ObjectCategories/{OBJECTS[w.label]}/image_{w.index + 1:04}.jpg": encoded(w, width=40)
        for w in each("all", 4, 10)
    }
    for folder in ("BACKGROUND_Google", "Faces_easy"):
        inner[f"101_ObjectCategories/{folder}/image_0001.jpg"] = encoded(Which("all", 0, 11))
    inner["101_ObjectCategories/BACKGROUND_Google/tmp"] = b"not an image"
    members = {
        "caltech-101/Annotations.tar": b"boxes around the objects",
        "caltech-101/101_ObjectCategories.tar.gz": inner,
        "__MACOSX/caltech-101/._101_ObjectCategories.tar.gz": b"Mac OS X",
    }
    names = ["face", "motorbike", "airplane", "car side"]
    return Layout({"caltech-101.zip": members}, names, {"all": 10})


PLACES = ["airplane", "baseball_diamond", "sea_ice"]


def resisc45() -> Layout:
    """Images, and beside them lists of the names of the files."""
    images, lists = {}, {}
    for part, number in (("train", 6), ("val", 2), ("test", 3)):
        names = {w: f"{PLACES[w.label]}_{part}{w.index:03}.jpg" for w in each(part, 3, number)}
        images |= {
            f"NWPU-RESISC45/{PLACES[w.label]}/{name}": encoded(w, "JPEG", 64, 64)
            for w, name in names.items()
        }
        lists[f"resisc45-{part}.txt"] = "\n".join(names.values()).encode()
    names = ["airplane", "baseball diamond", "sea ice"]
    parts = {"train": 6, "val": 2, "test": 3}
    return Layout({"NWPU-RESISC45.zip": images, **lists}, names, parts)


TASK = "kitti"
"""The task of the tiny copy, which has four classes."""


def vtab() -> Layout:
    """Four lists of a task, and the images of each list in a folder of its own."""
    files = {}
    lists = {"train800": [("train", 5)], "val200": [("val", 2)], "test": [("test", 3)],
             "train800val200": [("train", 5), ("val", 2)]}  # fmt: skip
    for name, parts in lists.items():
        every = [which for part, number in parts for which in each(part, 4, number)]
        rows = sorted(every, key=lambda w: (w.index, -w.label))
        lines = [f"images/{name}/{n:06}.jpg {w.label}\n" for n, w in enumerate(rows)]
        files[f"{TASK}/{name}.txt"] = "".join(lines).encode()
        for line, which in zip(lines, rows, strict=True):
            files[f"{TASK}/{line.split()[0]}"] = encoded(which, height=30, width=90)
    names = ["vehicle beside me", "vehicle nearby", "vehicle in the distance", "no vehicle"]
    return Layout({"vtab-1k.zip": files}, names, {"train": 5, "val": 2, "test": 3})
