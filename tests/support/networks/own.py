"""Networks as people write them, which no library has: for checkpoints of ``kind: python``."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Shortcut(nn.Module):
    """Option A of He et al. (arXiv 1512.03385, section 4.2): every second pixel, and channels of
    zeros; no weights."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.more = outside - inside

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.more // 2, self.more - self.more // 2))


class Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        stride = 1 if inside == outside else 2
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.shortcut = nn.Identity() if stride == 1 else Shortcut(inside, outside)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(hidden + self.shortcut(x))


class CifarResNet(nn.Module):
    """6 n + 2 layers for images of 32 pixels. The classifier is registered before all else."""

    def __init__(self, n: int = 3, classes: int = 10) -> None:
        super().__init__()
        self.classifier = nn.Linear(64, classes)
        self.conv = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn = nn.BatchNorm2d(16)
        widths = [16] * (n + 1) + [32] * n + [64] * n
        self.blocks = nn.Sequential(*map(Block, widths, widths[1:]))

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(F.relu(self.bn(self.conv(x))))
        x = F.avg_pool2d(x, x.shape[-1])
        return self.classifier(x.view(x.size(0), -1))


class PooledSegmentation(nn.Module):
    """Classes at every place, and their mean over places."""

    def __init__(self, classes: int = 10, width: int = 8) -> None:
        super().__init__()
        self.down = nn.Sequential(
            nn.Conv2d(3, width, 3, 2, 1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, 2, 1), nn.ReLU(),
        )  # fmt: skip
        self.up = nn.ConvTranspose2d(2 * width, width, 2, 2)
        self.places = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.places(torch.relu(self.up(self.down(x)))).mean((2, 3))


class Flattening(nn.Module):
    """Flattens a map by ``view``, as old code does, and ends in two layers."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 5, 2)
        self.bn = nn.BatchNorm2d(6)
        self.hidden = nn.Linear(6 * 14 * 14, 12)
        self.fc = nn.Linear(12, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn(self.conv(x)))
        return self.fc(torch.relu(self.hidden(x.view(x.size(0), -1))))


class LogProbabilities(Flattening):
    """Ends in a softmax, so that its outputs are no linear function of features."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).log_softmax(1)


class Shared(nn.Module):
    """A linear layer that is used twice, and last."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, classes, 4, 4)
        self.mix = nn.Linear(classes, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.mix(torch.relu(self.mix(self.conv(x).mean((2, 3)))))


class Asking(Flattening):
    """Asks its layers for their weights' type and for the number of their channels."""

    def forward(self, x: Tensor) -> Tensor:
        x = x.to(self.conv.weight.dtype)
        assert self.conv.out_channels == 6
        return super().forward(x)


class Looking(Flattening):
    """Goes one way or the other by what it sees."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if x.mean() > 0 else -x)


class InADict(Flattening):
    """As torchvision's segmentation gives its outputs."""

    def forward(self, x: Tensor) -> dict[str, Tensor]:  # pyright: ignore
        return {"out": super().forward(x)}


def resnet(n: int, classes: int = 10) -> CifarResNet:
    """By a function."""
    return CifarResNet(n, classes)


def unannotated(classes: int = 10):
    """Says not what it gives."""
    return Flattening(classes)


def unlucky(classes: int = 10) -> nn.Module:
    """Fails."""
    raise KeyError(f"{classes} classes")


_made = 0


def restless(classes: int = 10) -> nn.Module:
    """Another network each time, though its weights are the same."""
    global _made
    _made += 1
    scale = float(_made)

    class Scaled(Flattening):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) * scale

    return Scaled(classes)
