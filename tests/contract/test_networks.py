"""What every frozen network promises, whichever library builds it.

Each is built small, with random weights, stored, loaded, and prompted for two steps.
"""

import copy
import dataclasses
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest
import torch

from lorvp.files.whole import sha256
from lorvp.mappings.attrvr import AttrVrConfig
from lorvp.mappings.frequency import IlmConfig
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.prm import PrmConfig
from lorvp.mappings.rvp import RvpConfig
from lorvp.mappings.text import SemanticConfig, TextConfig
from lorvp.networks import checkpoint
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads
from lorvp.networks.libraries import LIBRARIES
from lorvp.networks.libraries.own_code import code_of
from lorvp.networks.manifest import Facts
from lorvp.prompts.methods.full_finetune import FullFinetuneConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.training.trainer import fit
from lorvp.trials.run import build
from tests.support.networks import own as own_networks
from tests.support.networks.samples import RESNET, built, clip, facts, torchvision_facts
from tests.support.tiny import TARGET_NAMES, TARGETS, images, training, trial

# Weights of torchvision by family, and the side of the images that keeps the test short.
TORCHVISION = {
    "AlexNet_Weights.IMAGENET1K_V1": 64,
    "ConvNeXt_Tiny_Weights.IMAGENET1K_V1": 64,
    "DenseNet121_Weights.IMAGENET1K_V1": 64,
    "EfficientNet_B0_Weights.IMAGENET1K_V1": 64,
    "EfficientNet_V2_S_Weights.IMAGENET1K_V1": 64,
    "GoogLeNet_Weights.IMAGENET1K_V1": 64,
    "Inception_V3_Weights.IMAGENET1K_V1": 96,
    "MNASNet0_5_Weights.IMAGENET1K_V1": 64,
    "MaxVit_T_Weights.IMAGENET1K_V1": 224,
    "MobileNet_V2_Weights.IMAGENET1K_V1": 64,
    "MobileNet_V3_Small_Weights.IMAGENET1K_V1": 64,
    "RegNet_X_400MF_Weights.IMAGENET1K_V1": 64,
    "ResNeXt50_32X4D_Weights.IMAGENET1K_V1": 64,
    "ResNet18_Weights.IMAGENET1K_V1": 64,
    "ShuffleNet_V2_X0_5_Weights.IMAGENET1K_V1": 64,
    "SqueezeNet1_1_Weights.IMAGENET1K_V1": 64,
    "Swin_T_Weights.IMAGENET1K_V1": 64,
    "Swin_V2_T_Weights.IMAGENET1K_V1": 64,
    "VGG11_BN_Weights.IMAGENET1K_V1": 64,
    "ViT_B_32_Weights.IMAGENET1K_V1": 64,
}


def of_torchvision(weights: str, size: int):
    own = torchvision_facts(weights, size)
    options = {key: size if key == "image_size" else v for key, v in own.model_kwargs.items()}
    return own.model_copy(update={"model_kwargs": options})


def of_own_code(name: str) -> Facts:
    return facts(
        f"{own_networks.__name__}:{name}",
        classes=10,
        library="python",
        own_code=code_of(own_networks.__name__),
    )


NETWORKS = {
    "timm test_resnet": lambda: facts("test_resnet"),
    "timm test_vit": lambda: facts("test_vit", patch=8),
    "timm test_convnext": lambda: facts("test_convnext"),
    "CLIP ViT": lambda: clip().facts(),
    "CLIP ResNet": lambda: clip(RESNET).facts(),
    "own CifarResNet": lambda: of_own_code("CifarResNet"),
    "own PooledSegmentation": lambda: of_own_code("PooledSegmentation"),
    "own LogProbabilities": lambda: of_own_code("LogProbabilities"),
} | {
    weights.split("_Weights")[0]: lambda w=weights, s=size: of_torchvision(w, s)
    for weights, size in TORCHVISION.items()
}
SMALL = ["timm test_resnet", "timm test_vit", "CLIP ViT", "CLIP ResNet", "ResNet18", "GoogLeNet",
         "own CifarResNet"]  # fmt: skip
READ_TEXT = [TextConfig(), SemanticConfig(), AttrVrConfig(), PrmConfig(), RvpConfig()]
MAPPINGS = [LpConfig(), FmConfig(), IlmConfig()]
TRAIN, VAL = images(2, seed=1), images(1, seed=2)


@pytest.fixture(autouse=True, scope="module")
def allowed():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LORVP_CODE", "tests")
        yield


def outputs_of(network: FrozenNetwork) -> list[Reads]:
    """Logits, and features if it says that it has any."""
    return [reads for reads in get_args(Reads) if network.features or reads == "logits"]


def mappings_of(name: str, network: FrozenNetwork) -> list:
    """All for small networks; large ones take turns, as no mapping knows the others' insides."""
    turn = list(NETWORKS).index(name) % len(MAPPINGS)
    mappings = (MAPPINGS if name in SMALL else MAPPINGS[turn:][:1]) + READ_TEXT * name.startswith(
        "CLIP"
    )
    return mappings if network.features else [FmConfig()]


@dataclass
class Stored:
    """A network before it was stored, and after."""

    name: str
    facts: Facts
    folder: Path
    expected: dict[Reads, torch.Tensor]
    """What it gave for ``noise`` before."""
    network: FrozenNetwork
    """As it was loaded."""


# More than 50 M parameters, which take seconds to write and to read.
LARGE = ["AlexNet", "VGG11_BN", "ViT_B_32"]


SLOW = {
    "ConvNeXt_Tiny", "DenseNet121", "EfficientNet_V2_S", "GoogLeNet", "Inception_V3", "MaxVit_T",
    "ResNeXt50_32X4D", "Swin_T", "Swin_V2_T",
}  # fmt: skip
STORED = [
    pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW))
    for name in NETWORKS
    if name not in LARGE
]


@pytest.fixture(scope="module", params=STORED)
def stored(request, tmp_path_factory):
    """One network at a time, since all of them at once would not fit into memory."""
    own, folder = NETWORKS[request.param](), tmp_path_factory.mktemp("networks") / "net"
    network = built(own)
    before = LIBRARIES[own.library].frozen(copy.deepcopy(network), own).for_targets(TARGET_NAMES)
    with torch.no_grad():
        expected = {reads: before(noise(own), reads) for reads in outputs_of(before)}
    checkpoint.write(folder, network, own)
    yield Stored(request.param, own, folder, expected, checkpoint.load(folder))
    shutil.rmtree(folder)


def noise(own: Facts) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, *own.input_size, generator=generator)


@torch.no_grad()
def test_what_is_loaded_gives_the_same_bits(stored):
    after = stored.network.for_targets(TARGET_NAMES)
    found = {reads: after(noise(stored.facts), reads) for reads in outputs_of(after)}
    assert found.keys() == stored.expected.keys()
    assert all(torch.equal(found[reads], stored.expected[reads]) for reads in found)
    assert found["logits"].shape == (2, after.source_classes)
    assert all(found[reads].shape == (2, after.features) for reads in found if reads != "logits")
    assert found["logits"].std() > 0


def test_a_sketch_says_what_the_checkpoint_says(stored):
    manifest, network = checkpoint.sketch(stored.facts)
    real = checkpoint.read_manifest(stored.folder)
    assert manifest.weights_sha256 == ""
    assert manifest.model_copy(update={"weights_sha256": real.weights_sha256}) == real
    assert {tensor.device.type for tensor in network.state_dict().values()} == {"meta"}
    # CLIP has logits only once it knows the target classes.
    reads, width = (
        ("features", real.features) if real.features else ("logits", len(real.class_names))
    )
    assert network(noise(stored.facts).to("meta"), reads).shape == (2, width)


def test_manifest_and_network_describe_the_same(stored):
    manifest = checkpoint.read_manifest(stored.folder)
    network = stored.network.for_targets(TARGET_NAMES)
    assert network.ends(TARGET_NAMES) == manifest.ends(TARGET_NAMES)
    said, own = manifest.canvas, network.canvas
    assert own.mean == pytest.approx(said.mean)
    assert dataclasses.replace(own, mean=said.mean) == said


def test_prompts_are_trained_and_the_network_is_not(stored):
    assert_only_prompts_are_trained(stored.name, stored.network)


@pytest.mark.parametrize("name", LARGE)
def test_large_networks_are_prompted_as_well(name):
    own = NETWORKS[name]()
    network = LIBRARIES[own.library].check(built(own), own, noise(own))
    manifest, _ = checkpoint.sketch(own)
    assert network.ends(TARGET_NAMES) == manifest.ends(TARGET_NAMES)
    assert_only_prompts_are_trained(name, network)


def assert_only_prompts_are_trained(name: str, network: FrozenNetwork) -> None:
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    for mapping in mappings_of(name, network):
        torch.manual_seed(0)
        model = build(trial(LorVpConfig(rank=1), mapping), network, TARGET_NAMES)
        list(fit(model, TRAIN, VAL, training(epochs=1, batch_size=1, lr=0.1)))
        # Zero at the start. Its neighbour may stay: some random networks hardly see their image.
        assert model.prompt.content.left.any()
        assert model(TRAIN.images_NHWC).shape == (2, TARGETS)
    assert_same(before, network.state_dict())
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("mapping", [LpConfig(), FmConfig()], ids=lambda m: m.kind)
def test_a_copy_can_be_fine_tuned(name, mapping):
    own = NETWORKS[name]()
    network = LIBRARIES[own.library].frozen(built(own), own)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    model = build(trial(FullFinetuneConfig(), mapping), network, TARGET_NAMES)
    start = model.trained_state()
    list(fit(model, TRAIN, VAL, training(epochs=1, batch_size=2, lr=0.01)))
    end = model.trained_state()
    weights = [key for key in start if key.startswith("prompt.network") and "weight" in key]
    assert weights
    assert all(not torch.equal(start[key], end[key]) for key in weights)
    assert not any("token_embedding" in key for key in start)
    assert_same(before, network.state_dict())


@pytest.mark.parametrize("name", SMALL)
def test_two_writes_give_the_same_bytes(name, tmp_path):
    own = NETWORKS[name]()
    for folder in ("one", "two"):
        checkpoint.write(tmp_path / folder, built(own), own)
    files = [{p.name: sha256(p) for p in (tmp_path / f).iterdir()} for f in ("one", "two")]
    assert files[0] == files[1]


def assert_same(first: dict, second: dict) -> None:
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)
