"""A small network trained on a prepared dataset and then frozen.

It stands in for published ImageNet weights where nothing can be downloaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from lorvp.datasets import prepared
from lorvp.datasets.labelled_images import LabelledImages
from lorvp.datasets.prepared import Prepared
from lorvp.errors import InputError
from lorvp.images import resized, unit
from lorvp.networks.libraries.timm_models import create
from lorvp.networks.manifest import Facts
from lorvp.networks.sources.base import Made, NetworkConfig
from lorvp.settings import Batch, Count, Epochs, Name, Positive, Seed

MEAN = STD = [0.5, 0.5, 0.5]
THREADS = 2
"""Fixed, because sums over threads differ in their last bits with the number of threads."""


class TrainedConfig(NetworkConfig):
    """Train ``architecture`` from scratch on a dataset of this project."""

    trains: ClassVar[bool] = True

    kind: Literal["trained"] = "trained"
    dataset: Name
    """A name under `datasets`; its classes become the source classes."""
    architecture: str
    """A timm name; test_resnet has 0.38 M parameters and reads 32x32 images."""
    input_size: int = Field(default=32, ge=8, le=1024)
    """Height and width in pixels."""
    patch: Count | None = None
    """Side of a vision transformer's patches in pixels; its own unless given."""
    epochs: Epochs = 6
    batch_size: Annotated[Batch, Field(ge=2)] = 128
    lr: Positive = 0.003
    """Peak of a one-cycle schedule (AdamW)."""
    seed: Seed = 0
    min_accuracy: float = Field(default=0.97, ge=0, le=1)
    """On the dataset's test images; below it the stage fails, since nothing could be learnt
    about prompting from a network that does not know its own task."""

    @property
    def trained_on(self) -> str:
        return self.dataset

    @property
    def size(self) -> tuple[int, int]:
        return self.input_size, self.input_size

    def facts(self, source_names: Sequence[str] | None = None) -> Facts:
        assert source_names is not None, "the dataset says what the classes are"
        return Facts(
            library="timm",
            architecture=self.architecture,
            input_size=self.size,
            mean=MEAN,
            std=STD,
            interpolation="bilinear",
            patch=self.patch,
            class_names=list(source_names),
            source=f"trained here on {self.dataset}",
        )

    def make(self, datasets: Path, device: str = "cpu") -> Made:
        """Train on ``device``, and refuse a network that does not know its own task well enough."""
        data = prepared.read(datasets / self.dataset)
        data.require_whole()
        with threads(THREADS):
            network = train(self, data, device)
            right = accuracy(network, data.split("test"), self)
        if right < self.min_accuracy:
            raise InputError(
                f"{right:.2%} of the held-out images right, "
                f"less than min_accuracy ({self.min_accuracy:.0%}); train longer or lower it"
            )
        found = {"accuracy": right, "trained_on": _in_words(device)}
        facts = self.facts(data.class_names).model_copy(update=found)
        note = f"{right:.2%} of the held-out {self.dataset} images right"
        return Made(network.cpu(), facts, note)

    def inputs(self, datasets: Path) -> dict[str, Any]:
        return {"dataset": prepared.read(datasets / self.dataset).digest}


def train(config: TrainedConfig, data: Prepared, device: str = "cpu") -> nn.Module:
    """A network trained on ``data``'s training split, on ``device``.

    The same seed gives the same weights on the same kind of device.

    Raises:
        InputError: timm has no such architecture, or a batch is larger than the dataset.
    """
    images = data.split("train").to(device)
    if len(images) < config.batch_size:
        size = config.batch_size
        raise InputError(f"batch_size: {size} is more than the {len(images)} training images")
    torch.manual_seed(config.seed)
    network = create(config.architecture, len(data.class_names), config.size, config.patch)
    network.to(memory_format=torch.channels_last).to(device).train()
    steps = len(images) // config.batch_size
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.lr, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.lr, total_steps=config.epochs * steps
    )
    for _ in range(config.epochs):
        # The last, smaller batch is dropped: BatchNorm's statistics would be noisier there.
        order = torch.randperm(len(images))[: steps * config.batch_size]
        # Once for all steps, since sending them waits for the device.
        for rows in order.to(images.images_NHWC.device).split(config.batch_size):
            x_BHWC, labels_B = images.batch(rows)
            loss = F.cross_entropy(network(_prepare(x_BHWC, config.size)), labels_B)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return network.eval()


@torch.inference_mode()
def accuracy(network: nn.Module, images: LabelledImages, config: TrainedConfig) -> float:
    """Share of ``images`` that the network classifies correctly, on the network's device."""
    images = images.to(next(network.parameters()).device)
    right = torch.zeros((), dtype=torch.int64, device=images.device)
    for x_BHWC, y_B in images.batches():
        logits_BS = network(_prepare(x_BHWC, config.size))
        right += (logits_BS.argmax(1) == y_B).sum()
    return int(right) / len(images)


def _in_words(device: str) -> str:
    """What trained the network, for its manifest."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Compute with ``number`` threads in this block."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _prepare(images_BHWC: Tensor, size: tuple[int, int]) -> Tensor:
    x_BCHW = (unit(resized(images_BHWC, size)) - MEAN[0]) / STD[0]
    return x_BCHW.contiguous(memory_format=torch.channels_last)
