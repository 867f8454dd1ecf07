"""A checkpoint of a tiny timm network, and edits of its files."""

import json

from safetensors.torch import save_file

from lorvp.files.whole import sha256
from lorvp.networks.manifest import Facts

FACTS = Facts(
    library="timm",
    architecture="test_resnet",
    input_size=(32, 32),
    mean=[0.4, 0.5, 0.6],
    std=[0.2, 0.3, 0.4],
    interpolation="bicubic",
    class_names=list("ABCDE"),
    source="random weights",
)
"""Facts of `test_resnet` with five classes."""


def facts(**other) -> Facts:
    return FACTS.model_copy(update=other)


def rewrite(folder, state: dict) -> None:
    """Other weights under a manifest that knows their checksum."""
    path = folder / "weights.safetensors"
    save_file(state, path)
    edit(folder, weights_sha256=sha256(path))


def edit(folder, **facts) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))
