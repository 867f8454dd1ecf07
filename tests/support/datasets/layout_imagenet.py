"""ImageNet and its kin: a folder for each class, most of them named by a WordNet id."""

from __future__ import annotations

from lorvp.datasets.imagenet_classes import imagenet_names, imagenet_synsets
from tests.support.datasets.layout import Layout
from tests.support.datasets.pictures import Which, each, encoded

TINY = ["n02124075", "n01443537", "n01629819"]
"""Three classes of Tiny-ImageNet, not in sorted order."""


def tiny_imagenet() -> Layout:
    wnids = sorted(TINY)
    files = {"wnids.txt": "\n".join(TINY).encode(), "words.txt": b"n00001740\tentity\n"}
    for w in each("train", 3, 5):
        wnid = wnids[w.label]
        files[f"train/{wnid}/images/{wnid}_{w.index}.JPEG"] = encoded(w, "JPEG", 64, 64)
        files[f"train/{wnid}/{wnid}_boxes.txt"] = b"0\t0\t0\t62\t62\n"
    rows = []
    for n, w in enumerate(sorted(each("test", 3, 2), key=lambda w: (w.index, -w.label))):
        files[f"val/images/val_{n}.JPEG"] = encoded(w, "JPEG", 64, 64, "L" if n == 0 else "RGB")
        rows.append(f"val_{n}.JPEG\t{wnids[w.label]}\t0\t32\t44\t62")
    files["val/images/val_0.JPEG"] = encoded(Which("test", 2, 0), "JPEG", 64, 64)
    files["val/val_annotations.txt"] = ("\n".join(rows) + "\n").encode()
    members = {f"tiny-imagenet-200/{name}": data for name, data in files.items()}
    names = ["goldfish", "European fire salamander", "Egyptian cat"]
    return Layout({"tiny-imagenet-200.zip": members}, names, {"train": 5, "test": 2})


def imagenet() -> Layout:
    wnids = imagenet_synsets()
    files = {
        f"{folder}/{wnids[w.label]}/{wnids[w.label]}_{w.index}.JPEG": encoded(w, "JPEG", 16, 20)
        for part, folder, number in [("train", "train", 2), ("test", "val", 1)]
        for w in each(part, 1000, number)
    }
    parts = {"train": 2, "test": 1}
    return Layout({"ILSVRC2012.tar": files}, imagenet_names(), parts)


def _some_of_imagenet(archive: str, folder: str, suffix: str, classes: range) -> Layout:
    """Some classes of a test set; its labels number only those."""
    wnids, names = imagenet_synsets(), imagenet_names()
    members = {f"{folder}/README.txt": b"read me"} if len(classes) < 1000 else {}
    for w in each("test", len(classes), 1):
        name = f"{wnids[classes[w.label]]}/art_{w.index}.{suffix}"
        members[f"{folder}/{name}"] = encoded(w, "JPEG", 20, 16)
    return Layout({archive: members}, [names[k] for k in classes], {"test": 1})


def imagenet_r() -> Layout:
    return _some_of_imagenet("imagenet-r.tar", "imagenet-r", "jpg", range(1, 1000, 5))


def imagenet_a() -> Layout:
    return _some_of_imagenet("imagenet-a.tar", "imagenet-a", "jpg", range(4, 1000, 5))


def imagenet_sketch() -> Layout:
    return _some_of_imagenet("ImageNet-Sketch.zip", "sketch", "JPEG", range(1000))


def imagenet_v2() -> Layout:
    """Folders are named by the number of the class, so that 10 sorts before 2."""
    folder = "imagenetv2-matched-frequency-format-val"
    files = {f"{folder}/{w.label}/{w.index:040x}.jpeg": encoded(w, "JPEG", 20, 16)
             for w in each("test", 1000, 1)}  # fmt: skip
    name = "imagenetv2-matched-frequency.tar.gz"
    return Layout({name: files}, imagenet_names(), {"test": 1})
