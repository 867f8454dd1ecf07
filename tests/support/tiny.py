"""A network and a dataset that train in milliseconds, and settings to train them with."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lorvp.datasets import prepared
from lorvp.datasets.labelled_images import LabelledImages
from lorvp.datasets.prepared import Prepared
from lorvp.datasets.source import ImageArray, Source
from lorvp.datasets.write import write
from lorvp.experiment.trial import Trial
from lorvp.mappings.linear import LpConfig
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Ends
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.recipe import TrainingConfig
from lorvp.trials.identity import fingerprint

SOURCES, FEATURES, TARGETS = 7, 5, 3
TARGET_NAMES = tuple(f"target {k}" for k in range(TARGETS))
SENTENCES = Path(__file__).parent / "sentences.json"
"""Five for each of the classes here, in the form in which AttrVR and DVP publish theirs."""
MEAN, STD = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]


class TinyPatches(nn.Module):
    """Patches of 8x8 pixels as tokens_BND; its BatchNorm shows a network left in training mode."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, features, kernel_size=8, stride=8)
        self.norm = nn.BatchNorm2d(features)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.proj(x)).flatten(2).transpose(1, 2)


class TinyBlock(nn.Module):
    """Adds the mean of all tokens to each; GELU keeps every gradient from being exactly zero."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.own, self.common = (nn.Linear(features, features) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        return x + F.gelu(self.own(x) + self.common(x.mean(1, keepdim=True)))


class VisionTransformer(nn.Module):
    """The name by which the code knows timm's plain vision transformers."""


class TinyNetwork(VisionTransformer):
    """A transformer with the names and methods of timm's, which reads the mean over patches.

    Dropout is there, as BatchNorm is, to show if it is ever left in training mode.
    """

    num_prefix_tokens = 1

    def __init__(self, classes: int = SOURCES, features: int = FEATURES) -> None:
        super().__init__()
        self.num_classes, self.head_hidden_size = classes, features
        self.embed_dim = features
        self.patch_embed = TinyPatches(features)
        self.cls_token = nn.Parameter(torch.randn(1, 1, features))
        self.blocks = nn.Sequential(TinyBlock(features), TinyBlock(features))
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(features, classes)

    def forward_features(self, x: Tensor) -> Tensor:
        patches_BND = self.patch_embed(x)
        prefix_B1D = self.cls_token.expand(len(x), -1, -1)
        return self.blocks(torch.cat([prefix_B1D, patches_BND], dim=1))

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        pooled_BD = self.dropout((x[:, 0] + x[:, 1:].mean(1)) / 2)
        return pooled_BD if pre_logits else self.head(pooled_BD)

    def reset_classifier(self, num_classes: int) -> None:
        assert num_classes == 0
        self.num_classes, self.head = 0, nn.Identity()


class TinyText:
    """A text encoder: each text's embedding is drawn from its letters."""

    scale = 10.0

    def encode(self, texts: Sequence[str]) -> Tensor:
        rows = [np.random.default_rng(list(text.encode())).normal(size=FEATURES) for text in texts]
        return torch.tensor(np.array(rows), dtype=torch.get_default_dtype())


def tiny_network(size: tuple[int, int] = (16, 16), seed: int = 0) -> FrozenNetwork:
    """A frozen network: the same weights for the same seed, BatchNorm statistics not 0 and 1."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = TinyNetwork()
        nn.init.normal_(network.head.weight, std=3.0)  # so that predictions spread over classes
        nn.init.normal_(network.patch_embed.norm.running_mean, std=0.1)
        nn.init.uniform_(network.patch_embed.norm.running_var, 0.05, 0.2)
    return FrozenNetwork(network, size, MEAN, STD, source_names(SOURCES), TinyText())


def source_names(number: int) -> tuple[str, ...]:
    """Names of that many source classes."""
    return tuple(f"source {s}" for s in range(number))


def ends(sources: int = SOURCES, features: int = FEATURES, targets: int = TARGETS) -> Ends:
    """The two ends that a mapping connects, by their sizes; the network reads text."""
    return Ends(
        source_names(sources), features, tuple(f"target {k}" for k in range(targets)), text=True
    )


def images(number: int, seed: int = 0, side: tuple[int, int] = (16, 16)) -> LabelledImages:
    """Noise whose mean colour tells the class; classes take turns."""
    rng = np.random.default_rng(seed)
    labels_N = np.arange(number) % TARGETS
    noise_NHWC = rng.integers(0, 156, (number, *side, 3))
    noise_NHWC[np.arange(number), ..., labels_N] += 100
    return LabelledImages(
        torch.from_numpy(noise_NHWC.astype(np.uint8)), torch.from_numpy(labels_N.astype(np.int64))
    )


def dataset(folder: Path, train: int = 12, val: int = 6, test: int = 9, seed: int = 0) -> Prepared:
    """Such images, written and read back as a prepared dataset."""
    found = images(train + val + test, seed)
    rows = np.arange(train + val + test)
    splits = {"train": rows[:train], "val": rows[train : train + val], "test": rows[train + val :]}
    names = [f"class {k}" for k in range(TARGETS)]
    images_of = ImageArray(found.images_NHWC.numpy())
    source = Source(images_of, found.labels_N.numpy(), splits, names, "noise")
    write(folder, source)
    return prepared.read(folder)


def training(**settings) -> TrainingConfig:
    """Three epochs at a constant rate, unless told otherwise."""
    plain = {"epochs": 3, "batch_size": 4, "optimizer": "adam", "schedule": "constant"}
    return TrainingConfig.model_validate(plain | settings)


def trial(method=None, mapping=None, seed: int = 0, **settings) -> Trial:
    """LoR-VP with a linear probe, unless told otherwise; ``settings`` are of training. A mapping
    that reads files reads our sentences."""
    made = Trial(
        dataset="noise",
        network="tiny",
        method=method or LorVpConfig(rank=2),
        mapping=mapping or LpConfig(),
        training=training(**settings),
        seed=seed,
    )
    if not made.mapping.files:
        return made
    ours = made.mapping.with_files(dict.fromkeys(made.mapping.files, SENTENCES))
    return made.model_copy(update={"mapping": ours})


def identified(number: int = 0) -> tuple[str, dict]:
    """A fingerprint and its identity, for tests that need any."""
    identity = {"format": 1, "number": number}
    return fingerprint(identity), identity
