"""Fifty steps of the trainer against fifty of a plain one, which knows no shortcut.

The plain one normalises, runs the whole network as it was loaded, takes the mean cross-entropy by
its formula and leaves the steps to torch.
"""

import pytest
import torch
from torch import nn

from lorvp.mappings.linear import LpConfig
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries import LIBRARIES
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.prompts.methods.smm import SmmConfig
from lorvp.training.trainer import fit
from lorvp.trials.run import build
from tests.support.layers import unlike_fresh
from tests.support.networks.samples import built, facts
from tests.support.tiny import TARGET_NAMES, images, trial

SIDE, STEPS = 64, 50
TRAIN, VAL = images(6, seed=1, side=(SIDE, SIDE)), images(1, side=(SIDE, SIDE))
NETWORKS = {
    "resnet": facts("test_resnet", size=SIDE),
    "vit": facts("test_vit", size=SIDE, patch=8),
}
METHODS = [
    LorVpConfig(),
    PadConfig(width=8),
    AdaViProConfig(width=8, side=8, hidden=8),
    SmmConfig(patch=4),
]
OPTIMIZERS = {
    "resnet": ({"kind": "sgd", "momentum": 0.9}, lambda p, lr: torch.optim.SGD(p, lr, 0.9)),
    "vit": ("adam", lambda p, lr: torch.optim.Adam(p, lr)),
}
LR = 0.01


def network(name: str) -> FrozenNetwork:
    own = NETWORKS[name]
    return LIBRARIES["timm"].frozen(unlike_fresh(built(own)), own)


def losses(method, name: str) -> list[float]:
    """Losses of the real trainer, with all images in each step, so that every epoch is one."""
    settings = {"epochs": STEPS, "batch_size": len(TRAIN), "optimizer": OPTIMIZERS[name][0]}
    asked = trial(method, LpConfig(), lr=LR, **settings)
    torch.manual_seed(0)
    model = build(asked, network(name), TARGET_NAMES)
    return [epoch.train_loss for epoch in fit(model, TRAIN, VAL, asked.training)]


def plain_losses(method, name: str) -> list[float]:
    frozen = network(name)
    torch.manual_seed(0)
    prompt = method.build(frozen.canvas).train()
    head = nn.Linear(frozen.features, len(TARGET_NAMES))
    steps = OPTIMIZERS[name][1]([*prompt.parameters(), *head.parameters()], LR)
    mean, std = (torch.tensor(v)[:, None, None] for v in (NETWORKS[name].mean, NETWORKS[name].std))
    found = []
    for _ in range(STEPS):
        rows = torch.randperm(len(TRAIN))
        canvas_BCHW = TRAIN.images_NHWC[rows].permute(0, 3, 1, 2) / 255
        if prompt.space == "pixel":
            x_BCHW = (prompt(canvas_BCHW) - mean) / std
        else:
            x_BCHW = prompt((canvas_BCHW - mean) / std)
        classifier = frozen.network
        features_BD = classifier.forward_head(classifier.forward_features(x_BCHW), pre_logits=True)
        logits_BK = head(features_BD)
        right_B = logits_BK.gather(1, TRAIN.labels_N[rows][:, None])[:, 0]
        loss = (logits_BK.exp().sum(1).log() - right_B).mean()
        steps.zero_grad()
        loss.backward()
        steps.step()
        prompt.end_epoch()
        found.append(loss.item())
    return found


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.kind)
def test_losses_are_those_of_a_plain_trainer(method, name):
    found, expected = losses(method, name), plain_losses(method, name)
    assert len(found) == STEPS
    assert found == pytest.approx(expected, rel=0, abs=1e-4)
    assert abs(expected[0] - expected[-1]) > 1e-2, "it has been trained"
