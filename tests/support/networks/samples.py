"""Small real networks of every library, and files of random weights for them."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from lorvp.networks.libraries import LIBRARIES
from lorvp.networks.manifest import Facts
from lorvp.networks.sources.clip import ClipConfig
from lorvp.networks.sources.timm import TimmConfig
from lorvp.networks.sources.torchvision import TorchvisionConfig

TEXT = {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
VIT = {"layers": 2, "width": 32, "head_width": 16, "patch_size": 8, "image_size": 32}
RESNET = {"layers": [1, 1, 1, 1], "width": 8, "head_width": 64, "image_size": 64}
SEVEN = {"num_classes": 7}


def clip(vision: dict = VIT, **settings) -> ClipConfig:
    """A CLIP of 0.8 M parameters, most of them the vocabulary."""
    small = {"embed_dim": 16, "vision_cfg": vision, "text_cfg": TEXT}
    plain = {"name": "ViT-B-32-quickgelu", "model_kwargs": small, "templates": ["a {}", "no {}."]}
    return ClipConfig(**(plain | settings))


def facts(architecture: str, classes: int = 7, size: int = 32, **other) -> Facts:
    """The facts of a timm network."""
    plain = {
        "library": "timm",
        "architecture": architecture,
        "input_size": (size, size),
        "mean": [0.4, 0.5, 0.6],
        "std": [0.2, 0.3, 0.4],
        "interpolation": "bilinear",
        "class_names": [f"source {s}" for s in range(classes)],
        "source": "random weights",
    }
    return Facts(**(plain | other))


def read_from(file: Path, names: str | None, name: str = "test_resnet", **settings) -> TimmConfig:
    """A timm network of seven classes with the weights of ``file``."""
    plain = {"name": name, "file": str(file), "class_names": names, "model_kwargs": SEVEN}
    return TimmConfig(**(plain | settings))


def torchvision_facts(weights: str, size: int | None = None, classes: int = 7) -> Facts:
    """The facts of torchvision's weights, with fewer classes."""
    own = TorchvisionConfig(weights=weights, input_size=size).facts()
    return own.model_copy(update={"class_names": own.class_names[:classes]})


def built(own: Facts, seed: int = 0) -> nn.Module:
    """The network with random weights, the same for the same seed, and no statistics of 0 and 1."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = LIBRARIES[own.library].build(own).eval()
        for part in network.modules():
            if isinstance(part, nn.BatchNorm2d):
                nn.init.normal_(part.running_mean, std=0.1)
                nn.init.uniform_(part.running_var, 0.5, 1.5)
        for parameter in network.parameters():
            if not parameter.any():  # some classifiers start with nothing
                nn.init.normal_(parameter, std=0.02)
    return network


def saved(network: nn.Module, path: Path) -> Path:
    """Save its state_dict as safetensors, or by torch.save where the name says so."""
    state = {name: tensor.clone().contiguous() for name, tensor in network.state_dict().items()}
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)
    return path
