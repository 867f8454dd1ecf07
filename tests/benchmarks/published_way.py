"""A baseline that works as the published LoR-VP trainer does, without any of its code.

Images are decoded and resized with PIL in DataLoader workers in every epoch, become normalised
floats, and meet a network with its BatchNorm in fp32; every step reads two numbers back; ILM
passes all training images through the same loader once more before each epoch and keeps all
logits; evaluation goes through the loader as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.mappings.frequency import greedy

WORKERS = 4


class PilImages(Dataset):
    """Images that are resized with Pillow each time they are read."""

    def __init__(self, images: LabelledImages, size: tuple[int, int]) -> None:
        self.images = [Image.fromarray(image.numpy()) for image in images.images_NHWC]
        self.labels = images.labels_N.tolist()
        self.look = transforms.Compose([transforms.Resize(size), transforms.ToTensor()])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[Tensor, int]:
        return self.look(self.images[row]), self.labels[row]


class PublishedTrainer:
    """LoR-VP, rank 4, on a network as its library builds it, on the ``device`` that it is on.

    With ``autocast`` the network computes in bf16 as torch's users have it.
    """

    def __init__(
        self,
        network: nn.Module,
        size: tuple[int, int],
        classes: int,
        batch: int,
        ilm: bool,
        device: torch.device | str = "cpu",
        autocast: bool = False,
    ) -> None:
        self.network, self.size, self.batch, self.ilm = network, size, batch, ilm
        self.device, self.autocast = torch.device(device), autocast
        self.left = nn.Parameter(torch.zeros(3, size[0], 4, device=device))
        self.right = nn.Parameter(0.01 * torch.randn(3, 4, size[1], device=device))
        self.normalise = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        self.head = nn.Linear(1000, classes, device=device)
        self.classes, self.source_K = classes, torch.arange(classes, device=device)
        values = [self.left, self.right, *self.head.parameters()]
        self.optimizer = torch.optim.SGD(values, lr=0.02, momentum=0.9)

    def batches(self, images: LabelledImages, shuffle: bool) -> Iterator[tuple[Tensor, Tensor]]:
        data, on_gpu = PilImages(images, self.size), self.device.type == "cuda"
        loader = DataLoader(
            data, self.batch, shuffle=shuffle, num_workers=WORKERS, pin_memory=on_gpu
        )
        for x_BCHW, y_B in loader:
            yield x_BCHW.to(self.device), y_B.to(self.device)

    def logits(self, x_BCHW: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast):
            return self.network(self.normalise(x_BCHW + self.left @ self.right)).float()

    def mapped(self, logits_BS: Tensor) -> Tensor:
        return logits_BS[:, self.source_K] if self.ilm else self.head(logits_BS)

    def epoch(self, images: LabelledImages) -> None:
        """ILM's pass over all images, if asked for, and the training steps."""
        if self.ilm:
            self.count(images)
        for x_BCHW, y_B in self.batches(images, shuffle=True):
            logits_BK = self.mapped(self.logits(x_BCHW))
            loss = F.cross_entropy(logits_BK, y_B)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            _read: Any = loss.item(), (logits_BK.argmax(1) == y_B).sum().item()

    @torch.no_grad()
    def count(self, images: LabelledImages) -> None:
        pairs = [(self.logits(x_BCHW), y_B) for x_BCHW, y_B in self.batches(images, shuffle=False)]
        top_N = torch.cat([logits_BS for logits_BS, _ in pairs]).argmax(1)
        labels_N = torch.cat([y_B for _, y_B in pairs])
        counts_SK = torch.zeros(1000, self.classes, dtype=torch.int64, device=self.device)
        counts_SK.index_put_((top_N, labels_N), labels_N.new_tensor(1), accumulate=True)
        self.source_K = greedy(counts_SK)[:, 0]

    @torch.no_grad()
    def accuracy(self, images: LabelledImages) -> float:
        right = 0
        for x_BCHW, y_B in self.batches(images, shuffle=False):
            right += (self.mapped(self.logits(x_BCHW)).argmax(1) == y_B).sum().item()
        return right / len(images)
