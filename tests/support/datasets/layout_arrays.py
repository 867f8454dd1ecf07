"""Raw files that hold arrays: CIFAR's pickles and SVHN's MATLAB files."""

from __future__ import annotations

import io
import pickle
from typing import ClassVar

import numpy as np
from scipy.io import savemat

from tests.support.datasets.layout import Layout
from tests.support.datasets.pictures import each, pixels

CIFAR10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def cifar10() -> Layout:
    train = list(each("train", 10, 10))
    batches = {f"data_batch_{n + 1}": train[n::5] for n in range(5)}
    files = {name: batch(rows, "labels") for name, rows in batches.items()}
    files["test_batch"] = batch(each("test", 10, 2), "labels")
    names = [name.encode() for name in CIFAR10]
    files["batches.meta"] = pickled({b"num_cases_per_batch": 20, b"label_names": names})
    members = {f"cifar-10-batches-py/{name}": data for name, data in files.items()}
    return Layout({"cifar-10-python.tar.gz": members}, CIFAR10, {"train": 10, "test": 2})


def cifar100() -> Layout:
    names = [f"fine_{label}" for label in range(100)]
    files = {
        "train": batch(each("train", 100, 5), "fine_labels"),
        "test": batch(each("test", 100, 1), "fine_labels"),
        "meta": pickled({b"fine_label_names": [n.encode() for n in names],
                         b"coarse_label_names": [b"fish"]}),
    }  # fmt: skip
    members = {f"cifar-100-python/{name}": data for name, data in files.items()}
    spoken = [f"fine {label}" for label in range(100)]
    return Layout({"cifar-100-python.tar.gz": members}, spoken, {"train": 5, "test": 1})


def batch(rows, labels: str) -> bytes:
    """A pickle of images, each 3,072 numbers: planes of red, green and blue, row by row."""
    rows = list(rows)
    flat = np.stack([pixels(which).transpose(2, 0, 1).reshape(-1) for which in rows])
    content = {b"batch_label": b"batch", labels.encode(): [which.label for which in rows],
               b"data": flat, b"filenames": [b"%d.png" % n for n in range(len(rows))]}  # fmt: skip
    if labels == "fine_labels":
        content[b"coarse_labels"] = [0 for _ in rows]
    return pickled(content)


class _Python2(pickle._Pickler):
    """Pickles bytes as Python 2 did its strings, and arrays as NumPy 1 did."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_bytes(self, obj: bytes) -> None:
        if len(obj) < 256:
            self.write(pickle.SHORT_BINSTRING + bytes([len(obj)]) + obj)
        else:
            self.write(pickle.BINSTRING + len(obj).to_bytes(4, "little") + obj)
        self.memoize(obj)

    dispatch[bytes] = save_bytes

    def reducer_override(self, obj):
        if isinstance(obj, np.ndarray):
            made, arguments, state = obj.__reduce__()
            return made, (*arguments[:2], b"b"), (*state[:-1], obj.tobytes())
        return NotImplemented


def pickled(value) -> bytes:
    """A pickle of protocol 2 with the module names of NumPy 1."""
    file = io.BytesIO()
    _Python2(file, 2).dump(value)
    return file.getvalue().replace(b"cnumpy._core.", b"cnumpy.core.")


def svhn() -> Layout:
    """Labels 1 to 10, the last for the digit 0; images along the last axis."""
    archives = {f"{part}_32x32.mat": _mat(part, number) for part, number in SVHN.items()}
    return Layout(archives, [str(digit) for digit in range(10)], SVHN)


SVHN = {"train": 10, "test": 3}


def _mat(part: str, number: int) -> bytes:
    rows = list(each(part, 10, number))
    labels = [[10 if which.label == 0 else which.label] for which in rows]
    file = io.BytesIO()
    images_HWCN = np.stack([pixels(which) for which in rows], axis=-1)
    savemat(file, {"X": images_HWCN, "y": np.array(labels, dtype=np.uint8)}, do_compression=True)
    return file.getvalue()
