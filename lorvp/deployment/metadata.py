"""What a graph's file says of itself: names of the classes, and what to do to an image before.

Two texts of JSON, in an ONNX file's ``metadata_props`` and among the ``extra_files`` of a
torch.export file:

    class_names     a list, in the order of the logits
    preprocessing   steps in order: `view` (how images were stored before, if they were; see
                    `lorvp.datasets.pixels.view`), then `fit` (how they are laid on the canvas:
                    `Resize` squashes them to `input_size`, antialiased), then `layout` and
                    `values`. Mean and deviation are in the graph.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from lorvp.deployment.classifier import Classifier
from lorvp.errors import InputError
from lorvp.files.damage import UNREADABLE

KEYS = ("class_names", "preprocessing")
SIZES = ("image_size", "base", "side", "width")
"""What fits other than ``Resize`` are told, in pixels."""
NO_ONNX = "ONNX needs its own packages: uv sync --extra onnx, or pip install 'lorvp[onnx]'"


def metadata_of(classifier: Classifier) -> dict[str, str]:
    """The texts by their name."""
    fit, view = classifier.model.prompt.fit, classifier.view
    told = {name: getattr(fit, name) for name in SIZES if isinstance(getattr(fit, name, None), int)}
    preprocessing = {
        "view": view and view.model_dump(mode="json"),
        "fit": {"kind": type(fit).__name__, "interpolation": fit.interpolation, **told},
        "input_size": list(classifier.model.network.input_size),
        "channels": "RGB",
        "layout": "NCHW",
        "values": [0, 1],
        "mean_and_std": "in the graph",
    }
    found = {"class_names": list(classifier.class_names), "preprocessing": preprocessing}
    return {name: json.dumps(value, ensure_ascii=False) for name, value in found.items()}


def read_metadata(path: Path | str) -> dict[str, Any]:
    """``class_names`` and ``preprocessing`` of a file that `lorvp export` wrote; no code of the
    file is run.

    Raises:
        InputError: it says nothing of them, or cannot be read.
    """
    path = Path(path)
    try:
        texts = _of_torch(path) if zipfile.is_zipfile(path) else _of_onnx(path)
        return {name: json.loads(texts[name]) for name in KEYS}
    except KeyError as error:
        raise InputError(f"{path} says nothing of its {error.args[0]}") from error
    except (*UNREADABLE, ValueError) as error:
        raise InputError(f"{path} cannot be read as a graph: {error}") from error


def _of_torch(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        places = {name: place for place in archive.namelist() for name in KEYS
                  if place.endswith(f"/extra/{name}")}  # fmt: skip
        return {name: archive.read(place).decode() for name, place in places.items()}


def _of_onnx(path: Path) -> dict[str, str]:
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise InputError(NO_ONNX) from error
    try:
        model = onnx.load_model(path, format="protobuf", load_external_data=False)
    except DecodeError as error:
        raise ValueError(str(error)) from error
    return {one.key: one.value for one in model.metadata_props}
