"""Small networks put together from layers, for tests of how frozen networks are made cheaper."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from lorvp.networks.frozen import FrozenNetwork
from tests.support.tiny import MEAN, STD, source_names

CHANNELS, CLASSES = 6, 7
NORM = nn.BatchNorm2d


class Whole(nn.Module):
    """timm's interface around a body that gives maps of ``CHANNELS`` channels."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.num_classes, self.head_hidden_size = CLASSES, CHANNELS
        self.body, self.head = body, nn.Linear(CHANNELS, CLASSES)

    def forward_features(self, x: Tensor) -> Tensor:
        return self.body(x).mean((2, 3))

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        return x if pre_logits else self.head(x)

    def reset_classifier(self, num_classes: int) -> None:
        self.num_classes, self.head = 0, nn.Identity()


class Body(nn.Module):
    """Layers by name; the test writes the forward pass through them as ``way``."""

    def __init__(self, way: Callable[[nn.Module, Tensor], Tensor], **layers: nn.Module) -> None:
        super().__init__()
        self.way = way
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: Tensor) -> Tensor:
        return self.way(self, x)


def unlike_fresh(network: nn.Module, seed: int = 0) -> nn.Module:
    """Give every BatchNorm statistics and affine values other than 0 and 1."""
    random = torch.Generator().manual_seed(seed)
    for part in network.modules():
        if isinstance(part, NORM):
            if part.running_mean is not None:
                part.running_mean.normal_(0, 0.3, generator=random)
                part.running_var.uniform_(0.5, 1.5, generator=random)
            if part.affine:
                part.weight.data.uniform_(0.5, 1.5, generator=random)
                part.bias.data.normal_(0, 0.3, generator=random)
    return network.eval()


def whole(*layers: nn.Module) -> Whole:
    """A network of these layers, one after another."""
    return unlike_fresh(Whole(nn.Sequential(*layers)))


def going(way: Callable[[nn.Module, Tensor], Tensor], **layers: nn.Module) -> Whole:
    """A network whose own ``forward`` is ``way``."""
    return unlike_fresh(Whole(Body(way, **layers)))


def frozen(network: nn.Module, size: tuple[int, int] = (16, 16)) -> FrozenNetwork:
    """The network as trials see it, on a canvas of ``size``."""
    return FrozenNetwork(network, size, MEAN, STD, source_names(CLASSES))


def noise(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Uniform values in [0, 1], drawn without torch's global generator."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def bits(network: nn.Module) -> dict[str, Tensor]:
    """A copy of all weights and statistics."""
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    """Whether both have the same tensors under the same names."""
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def small() -> FrozenNetwork:
    """Frozen, with a stem and a BatchNorm to fold."""
    layers = nn.Conv2d(3, 6, 3, padding=1, bias=False), NORM(6), nn.GELU(), nn.Conv2d(6, 6, 3)
    return frozen(whole(*layers))
