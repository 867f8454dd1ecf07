"""BlackVIP's generated prompt, against its layers written out."""

import math

import pytest
import torch
from torch.nn import functional as F

from lorvp.networks.interface import Canvas
from lorvp.prompts.methods.blackvip import BlackVipConfig
from lorvp.prompts.placements.generated import Generated
from lorvp.trials.run import build
from tests.support.prompted import seen_by_network
from tests.support.tiny import MEAN, STD, TARGET_NAMES, images, tiny_network, trial

pytestmark = pytest.mark.usefixtures("float64")


def gelu(x):
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def by_hand(placement: Generated, canvas_BCHW: torch.Tensor) -> torch.Tensor:
    """In evaluation mode, from the trained tensors."""
    height, width = canvas_BCHW.shape[2:]
    rows, columns = math.ceil(height / 32), math.ceil(width / 32)
    x = torch.zeros(len(canvas_BCHW), 32, rows, columns)
    for i in range(rows):
        for j in range(columns):
            # Beyond the edge the last pixel goes on.
            y = torch.arange(32 * i, 32 * i + 32).clamp(max=height - 1)
            z = torch.arange(32 * j, 32 * j + 32).clamp(max=width - 1)
            x[:, :3, i, j] = canvas_BCHW[:, :, y][:, :, :, z].mean((2, 3))
    x[:, 3:] = placement.trigger
    *blocks, last = placement.decoder
    for each, mix, norm, _ in blocks:
        x = F.conv_transpose2d(x, each.weight, stride=2, groups=x.shape[1])
        x = torch.einsum("bihw,io->bohw", x, mix.weight[:, :, 0, 0])
        mean, scale = norm.running_mean, norm.weight / (norm.running_var + norm.eps).sqrt()
        x = gelu((x - mean[:, None, None]) * scale[:, None, None] + norm.bias[:, None, None])
    return F.conv_transpose2d(x, last.weight, stride=2)[:, :, :height, :width]


def unlike_its_start(placement: Generated) -> None:
    for module in placement.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean)
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
            torch.nn.init.normal_(module.bias)


@torch.no_grad()
@pytest.mark.parametrize("size", [(32, 64), (40, 33), (15, 22)], ids=str)
def test_the_mask_is_made_by_the_published_layers(size):
    torch.manual_seed(0)
    placement = Generated(size).eval()
    unlike_its_start(placement)
    canvas_BCHW = torch.rand(2, 3, *size)
    got = placement(canvas_BCHW)
    assert got.std() > 0
    torch.testing.assert_close(got, by_hand(placement, canvas_BCHW), rtol=0, atol=1e-12)


@torch.no_grad()
@pytest.mark.parametrize("epsilon", [0.1, 1.0, 30.0])
def test_the_prompted_image_is_cut_to_black_and_white(epsilon):
    torch.manual_seed(0)
    model = build(trial(BlackVipConfig(epsilon=epsilon)), tiny_network((16, 24)), TARGET_NAMES)
    model.eval()
    unlike_its_start(model.prompt.placement)
    raw = images(3, side=(16, 24)).images_NHWC
    mean, std = (torch.tensor(v)[:, None, None] for v in (MEAN, STD))
    x_BCHW = (raw.permute(0, 3, 1, 2) / 255 - mean) / std
    whole = x_BCHW + epsilon * by_hand(model.prompt.placement, x_BCHW)
    expected = torch.maximum(torch.minimum(whole, (1 - mean) / std), (0 - mean) / std)
    got = seen_by_network(model, raw)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-10)
    cut = float(((whole - expected).abs() > 1e-6).double().mean())
    assert (cut > 0.5) == (epsilon > 1)


def test_the_trigger_starts_between_0_and_a_tenth():
    trigger = BlackVipConfig().build(Canvas((224, 224))).placement.trigger
    assert trigger.shape == (29, 7, 7)
    assert 0 <= trigger.min() < 0.001
    assert 0.099 < trigger.max() <= 0.1
