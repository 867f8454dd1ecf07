"""Tiny networks of transformers, saved as its own `save_pretrained` saves them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

NAMES = [f"kind {n}" for n in range(7)]
PLAIN = {"num_labels": 7, "image_size": 32}
TINY = {
    "ViTForImageClassification": {
        "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 32, "patch_size": 8,
    },
    "ResNetForImageClassification": {
        "embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic",
    },
    "ConvNextForImageClassification": {
        "num_stages": 2, "hidden_sizes": [8, 16], "depths": [1, 1], "patch_size": 4,
    },
    "SiglipForImageClassification": {
        "vision_config": {
            "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2,
            "intermediate_size": 32, "patch_size": 8, "image_size": 32,
        },
    },
}  # fmt: skip
"""Settings by the class of the network."""
IMAGES = {
    "image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4], "resample": 3,
    "size": {"height": 32, "width": 32}, "do_rescale": True, "do_normalize": True,
}  # fmt: skip


def saved(folder: Path, architecture: str = "ViTForImageClassification", **images) -> Path:
    """A folder with random weights and what the hub has beside them."""
    transformers = pytest.importorskip("transformers")
    model = getattr(transformers, architecture)
    torch.manual_seed(0)
    config = model.config_class(**PLAIN, **TINY[architecture], id2label=dict(enumerate(NAMES)))
    model(config).eval().save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(IMAGES | images))
    return folder
