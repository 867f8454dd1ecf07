"""Every method trains the same on the network made cheaper as on the network as it is.

The reference is ``FrozenNetwork.run``: canvas plus prompt, normalised, through the untouched
network. Canvas and methods are smaller than in the papers, in proportion.
"""

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lorvp.errors import InputError
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.networks.acceleration import engine as engines
from lorvp.networks.acceleration.engine import Engine, engine
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries import LIBRARIES
from lorvp.settings import Settings
from lorvp.training.model import PromptedNetwork
from tests.contract.cases import METHODS, name
from tests.support.layers import unlike_fresh
from tests.support.networks.samples import built, facts
from tests.support.tiny import TARGET_NAMES, images

SIDE = 64
# Squares shrink to a quarter, so that they still tile the canvas.
PIXELS = {"side": 1 / 4} | dict.fromkeys(["width", "image_size", "base"], 64 / 224)
SMALL_SWIN = {"embed_dim": 8, "depths": (2, 2), "num_heads": (1, 2), "window_size": 4}
NETWORKS = {
    # Where a colour is constant, maxima are ties with several gradients: no max-pool in the stem.
    "resnet": facts("test_resnet", size=SIDE, model_kwargs={"replace_stem_pool": True}),
    "vit": facts("test_vit", size=SIDE, patch=8),
    "convnext": facts("test_convnext2", size=SIDE),
    "swin": facts("swin_tiny_patch4_window7_224", size=SIDE, model_kwargs=SMALL_SWIN),
    "mobilenet": facts("mobilenetv3_small_050", size=SIDE),
}
BATCH = images(3, side=(20, 30))


def smaller(settings: Settings) -> Any:
    """The same settings with fewer pixels."""
    fields = {field: getattr(settings, field) for field in type(settings).model_fields}
    parts = {field: smaller(v) for field, v in fields.items() if isinstance(v, Settings)}
    pixels = {
        field: max(1, int(v * PIXELS[field]))
        for field, v in fields.items()
        if field in PIXELS and isinstance(v, int)
    }
    return settings.model_copy(update=parts | pixels)


@cache
def network(family: str) -> FrozenNetwork:
    own = NETWORKS[family]
    return LIBRARIES["timm"].frozen(unlike_fresh(built(own)).double(), own).double()


def fits(method: Any, family: str) -> bool:
    try:
        method.build(network(family).canvas)
    except InputError:
        return False
    return True


CASES = [(method, family) for method in METHODS for family in NETWORKS]


@pytest.fixture(autouse=True)
def in_float64_and_small_pieces(float64, monkeypatch):
    """Two images at a time, of three."""
    monkeypatch.setattr(engines, "PIECE", 2 * SIDE * SIDE)


def model(method: Any, frozen: FrozenNetwork, mapping: Any) -> PromptedNetwork:
    """In training mode, with the same start values each time it is made."""
    torch.manual_seed(0)
    prompt = method.build(frozen.canvas)
    made = PromptedNetwork(prompt, frozen, mapping.build(frozen.ends(TARGET_NAMES)))
    for parameter in trained(made).values():
        # Prompts and factors that start from zero would hide part of what others take.
        parameter.data += 0.01 * torch.randn(parameter.shape)
    return made.train()


def trained(made: PromptedNetwork) -> dict[str, nn.Parameter]:
    groups = made.parameter_groups()
    return {f"{role} {i}": p for role in groups for i, p in enumerate(groups[role])}


def step(made: PromptedNetwork) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Outputs, loss and gradients; with each gradient what else is kept of it."""
    torch.manual_seed(1)
    outputs = made.outputs(BATCH.images_NHWC)
    loss = F.cross_entropy(made.logits(outputs), BATCH.labels_N)
    loss.backward()
    found = {}
    for role, parameter in trained(made).items():
        assert parameter.grad is not None, role
        found[role] = parameter.grad
        if hasattr(parameter, "whole_norm"):
            found[f"{role}, whole"] = parameter.whole_norm
    return outputs.detach(), loss.detach(), found


def assert_equal(found: Tensor, expected: Tensor, whole: float, what: str) -> None:
    """To 1e-12 of its own size, and a gradient that cancels out to 1e-14 of all gradients."""
    assert found.dtype == expected.dtype == torch.float64
    assert found.shape == expected.shape
    error, size = float((found - expected).norm()), float(expected.norm())
    assert error <= 1e-12 * size + 1e-14 * whole, f"{what}: {error} of {size}"


@pytest.mark.parametrize(
    ("method", "family"), CASES, ids=[f"{name(method)} on {family}" for method, family in CASES]
)
def test_outputs_loss_and_gradients_are_those_of_the_network_as_it_is(method, family):
    method, plain = smaller(method), network(family)
    if not fits(method, family):
        return
    mapping = (LpConfig(), FmConfig())[len(name(method)) % 2]
    outputs, loss, gradients = step(model(method, engine(plain, "fp32"), mapping))
    expected_outputs, expected_loss, expected = step(model(method, plain, mapping))
    assert gradients.keys() == expected.keys()
    whole = float(torch.stack([g.norm() for g in expected.values()]).norm())
    assert_equal(outputs, expected_outputs, 0, "outputs")
    assert_equal(loss, expected_loss, 0, "loss")
    for role in expected:
        assert_equal(gradients[role], expected[role], whole, role)


@pytest.mark.parametrize("family", ["resnet", "vit"])
@pytest.mark.parametrize("method", METHODS, ids=name)
def test_less_memory_gives_the_same_bits(method, family, monkeypatch):
    """Both take two pieces, of two images and of one."""
    method, cheaper = smaller(method), engine(network(family), "fp32")
    if not fits(method, family):
        return
    expected = step(model(method, cheaper, LpConfig()))
    monkeypatch.setattr(cheaper, "halvings", 1)
    outputs, loss, gradients = step(model(method, cheaper, LpConfig()))
    assert torch.equal(outputs, expected[0])
    assert torch.equal(loss, expected[1])
    assert gradients.keys() == expected[2].keys()
    assert all(torch.equal(gradients[role], expected[2][role]) for role in gradients)


@pytest.mark.parametrize("method", [smaller(method) for method in METHODS], ids=name)
def test_every_method_fits_some_of_these_networks(method):
    assert any(fits(method, family) for family in NETWORKS)


@pytest.mark.parametrize("family", NETWORKS)
def test_these_networks_are_really_made_cheaper(family):
    norms = sum(isinstance(part, nn.BatchNorm2d) for part in network(family).modules())
    cheaper = engine(network(family), "fp32")
    assert isinstance(cheaper, Engine)
    assert cheaper.stem is not None
    left = sum(isinstance(part, nn.BatchNorm2d) for part in cheaper.network.modules())
    assert (cheaper.folded, left) == (norms, 0)


@pytest.mark.parametrize("family", NETWORKS)
def test_the_prompt_makes_a_difference_on_all_of_them(family):
    """Or else equal gradients would say little."""
    plain = network(family)
    canvas_BCHW, added_1CHW = torch.rand(2, 3, SIDE, SIDE), torch.randn(1, 3, SIDE, SIDE)
    added_1CHW.requires_grad_(True)
    plain.run(canvas_BCHW, added_1CHW, "logits").square().sum().backward()
    assert added_1CHW.grad.norm() > 1e-6
