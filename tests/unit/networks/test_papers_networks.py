"""The papers' networks in data/presets/fragments/networks.yaml, against a table of their own."""

from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import TypeAdapter

from lorvp.experiment import yaml_file
from lorvp.networks.sources import CheckpointConfig

FRAGMENT = Path("data/presets/fragments/networks.yaml")
IMAGENET = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
HALF = [0.5] * 3, [0.5] * 3
RAW = [0.0] * 3, [1.0] * 3
CLIP = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


class Network(NamedTuple):
    """What METHODS and the networks' papers say."""

    classes: int
    size: int
    colours: tuple
    features: int
    patch: int | None
    millions: float
    """Of parameters, of the image encoder where there are two."""


NETWORKS = {
    "resnet18": Network(1000, 224, IMAGENET, 512, None, 11.7),
    "resnet50": Network(1000, 224, IMAGENET, 2048, None, 25.6),
    "resnet50_v1": Network(1000, 224, IMAGENET, 2048, None, 25.6),
    "vgg16_bn": Network(1000, 224, IMAGENET, 4096, None, 138.4),
    "resnext101_32x8d": Network(1000, 224, IMAGENET, 2048, None, 88.8),
    "resnext101_instagram": Network(1000, 224, IMAGENET, 2048, None, 88.8),
    "resnet50_miil_21k": Network(11221, 224, RAW, 2048, None, 46.5),
    "vit_b_16_miil_21k": Network(11221, 224, RAW, 768, 16, 94.4),
    "bit_m_r50x1": Network(21843, 224, HALF, 2048, None, 68.3),
    "swin_b_22k": Network(21841, 224, IMAGENET, 1024, 4, 109.1),
    "vit_b_16_21k": Network(21843, 224, HALF, 768, 16, 102.6),
    "vit_l_16_21k": Network(21843, 224, HALF, 1024, 16, 325.7),
    "vit_b_16_1k": Network(1000, 224, HALF, 768, 16, 86.6),
    "vit_b_32_1k": Network(1000, 224, HALF, 768, 32, 88.2),
    "vit_b_32_384": Network(1000, 384, HALF, 768, 32, 88.3),
    "vit_b_16_torchvision": Network(1000, 224, IMAGENET, 768, 16, 86.6),
    "swin_t": Network(1000, 224, IMAGENET, 768, 4, 28.3),
    "clip_vit_b_32": Network(0, 224, CLIP, 512, 32, 87.8),
    "clip_vit_b_16": Network(0, 224, CLIP, 512, 16, 86.2),
    "clip_rn50": Network(0, 224, CLIP, 1024, None, 38.3),
    "clip_rn101": Network(0, 224, CLIP, 512, None, 56.3),
    "clip_vit_l_14": Network(0, 224, CLIP, 768, 14, 304.0),
}


def entries() -> dict:
    return yaml_file.read(FRAGMENT).data["checkpoints"]


def test_the_fragment_holds_these_networks():
    assert list(entries()) == list(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_an_entry_is_the_network_of_the_papers(name):
    config = TypeAdapter(CheckpointConfig).validate_python(entries()[name])
    manifest, network = config.sketch()
    expected = NETWORKS[name]
    assert len(manifest.class_names) == expected.classes
    assert manifest.input_size == (expected.size, expected.size)
    assert manifest.mean == pytest.approx(expected.colours[0])
    assert manifest.std == pytest.approx(expected.colours[1])
    assert (manifest.features, manifest.patch) == (expected.features, expected.patch)
    found = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    assert found == pytest.approx(expected.millions, abs=0.06)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name.startswith("clip")])
def test_clips_have_the_eighty_one_texts_of_ilm_vp(name):
    config = TypeAdapter(CheckpointConfig).validate_python(entries()[name])
    manifest, _ = config.sketch()
    assert len(manifest.ends(["cat", "dog"]).source_names) == 162
