"""SMM's mask network, layer by layer from its saved weights."""

import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.prompts.placements.sample_mask import SampleMask

POOLS = {1: 0, 2: 1, 4: 2, 8: 3, 16: 4, 32: 5}


def unlike_its_start(place: SampleMask) -> SampleMask:
    """BatchNorm with statistics and factors that are not 0 and 1."""
    for name, tensor in place.state_dict().items():
        if tensor.is_floating_point() and name.startswith("blocks") and tensor.dim() == 1:
            torch.nn.init.uniform_(tensor, 0.5, 1.5)
    return place


def low_resolution(state: dict[str, Tensor], x: Tensor, layers: int, patch: int) -> Tensor:
    """conv - BatchNorm - ReLU blocks, the first log2(patch) of them with a 2x2 max-pool."""
    for i in range(layers - 1):
        conv, norm = f"blocks.{i}.0", f"blocks.{i}.1"
        x = F.conv2d(x, state[f"{conv}.weight"], state[f"{conv}.bias"], padding=1)
        mean, var = state[f"{norm}.running_mean"], state[f"{norm}.running_var"]
        x = F.batch_norm(x, mean, var, state[f"{norm}.weight"], state[f"{norm}.bias"], eps=1e-5)
        x = F.relu(x)
        if i < POOLS[patch]:
            x = F.max_pool2d(x, 2)
    return x


def on_squares(values_BCRR: Tensor, patch: int, size: tuple[int, int]) -> Tensor:
    batch, channels = values_BCRR.shape[:2]
    found = torch.empty(batch, channels, *size)
    for y in range(size[0]):
        for x in range(size[1]):
            found[:, :, y, x] = values_BCRR[:, :, y // patch, x // patch]
    return found


def mask_by_hand(
    state: dict[str, Tensor], x: Tensor, layers: int = 5, patch: int = 8, shared: bool = False
) -> Tensor:
    size = x.shape[-2], x.shape[-1]
    x = low_resolution(state, x, layers, patch)
    if shared:
        x = sum(x[:, c : c + 1] for c in range(x.shape[1])) / x.shape[1]
    else:
        x = F.conv2d(x, state["last.weight"], state["last.bias"], padding=1)
    return on_squares(x, patch, size)
