"""VPT's tokens inside a network, against runs written out block by block."""

import pytest
import torch
from torch import Tensor

from lorvp.errors import InputError
from lorvp.mappings.linear import LpConfig
from lorvp.mappings.selection import IdentityConfig
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Canvas, Tokens
from lorvp.networks.libraries.timm_models import create
from lorvp.prompts.methods.vpt import VptConfig
from lorvp.training.model import PromptedNetwork
from lorvp.trials.run import build
from tests.support.prompted import seen_by_network
from tests.support.tiny import FEATURES, TARGET_NAMES, images, source_names, tiny_network, trial

SIZE = (16, 24)
depths = pytest.mark.parametrize("depth", ["shallow", "deep"])
mappings = pytest.mark.parametrize(
    "mapping", [LpConfig(), IdentityConfig()], ids=["lp", "identity"]
)


def model(method, mapping=None, network=None) -> PromptedNetwork:
    torch.manual_seed(0)
    built = build(trial(method, mapping), network or tiny_network(SIZE), TARGET_NAMES)
    torch.nn.init.normal_(built.prompt.tokens.values)
    return built.eval()


def through_blocks(blocks, sequence_BND: Tensor, prefix: int, tokens: Tensor) -> Tensor:
    """Prefix, tokens, patches into every block; what becomes of the tokens is thrown away."""
    batch, number = len(sequence_BND), tokens.shape[1]
    head_BND, patches_BND = sequence_BND[:, :prefix], sequence_BND[:, prefix:]
    own_BnD = torch.stack([tokens[0]] * batch)
    for i, block in enumerate(blocks):
        if len(tokens) > 1:
            own_BnD = torch.stack([tokens[i]] * batch)
        x_BND = block(torch.cat([head_BND, own_BnD, patches_BND], dim=1))
        head_BND = x_BND[:, :prefix]
        own_BnD = x_BND[:, prefix : prefix + number]
        patches_BND = x_BND[:, prefix + number :]
    return torch.cat([head_BND, patches_BND], dim=1)


@torch.no_grad()
@pytest.mark.usefixtures("float64")
@depths
@mappings
@pytest.mark.parametrize("number", [1, 4])
def test_a_tiny_transformer_runs_with_the_tokens_beside_its_own(depth, mapping, number):
    whole = model(VptConfig(depth=depth, tokens=number), mapping)
    given, inner = images(3, side=SIZE).images_NHWC, tiny_network(SIZE).network
    seen = whole.network.normalise(given.permute(0, 3, 1, 2) / 255)
    sequence = torch.cat([inner.cls_token.expand(3, -1, -1), inner.patch_embed(seen)], dim=1)
    hidden = through_blocks(inner.blocks, sequence, 1, whole.prompt.tokens.values)
    expected = inner.forward_head(hidden, pre_logits=mapping.kind == "lp")
    torch.testing.assert_close(whole.outputs(given), expected, rtol=0, atol=1e-12)
    logits = inner.forward_head(hidden)
    torch.testing.assert_close(whole.outputs(given, "logits"), logits, rtol=0, atol=1e-12)


def vit(patch: int) -> FrozenNetwork:
    torch.manual_seed(0)
    network = create("test_vit", 7, (32, 32), patch)
    return FrozenNetwork(network, (32, 32), [0.5] * 3, [0.5] * 3, source_names(7))


@torch.no_grad()
@depths
@mappings
def test_a_real_vision_transformer_runs_with_the_tokens_beside_its_own(depth, mapping):
    network = vit(patch=8)
    whole = model(VptConfig(depth=depth, tokens=3), mapping, network)
    given, inner = images(2, side=(32, 32)).images_NHWC, network.network
    x = inner.patch_embed((given.permute(0, 3, 1, 2) / 255 - 0.5) / 0.5)
    x = inner.norm_pre(inner.patch_drop(inner._pos_embed(x)))
    prefix = inner.num_prefix_tokens
    assert x.shape[1] == prefix + 16
    hidden = inner.norm(through_blocks(inner.blocks, x, prefix, whole.prompt.tokens.values))
    expected = inner.forward_head(hidden, pre_logits=mapping.kind == "lp")
    torch.testing.assert_close(whole.outputs(given), expected)
    bare = network(network.normalise(given.permute(0, 3, 1, 2) / 255))
    assert not torch.allclose(whole.outputs(given, "logits"), bare, atol=1e-3)


@depths
def test_every_token_takes_a_gradient_and_no_weight_of_the_network_does(depth):
    whole = model(VptConfig(depth=depth, tokens=4)).train()
    whole(images(3, side=SIZE).images_NHWC).square().sum().backward()
    assert (whole.prompt.tokens.values.grad.abs().amax(-1) > 0).all()
    assert all(p.grad is None for p in whole.network.parameters())


def hooks(network: FrozenNetwork) -> int:
    return sum(len(m._forward_pre_hooks) + len(m._forward_hooks) for m in network.modules())


@torch.no_grad()
@depths
def test_the_network_is_as_it_was_after_a_run(depth):
    network, given = tiny_network(SIZE), images(2, side=SIZE).images_NHWC
    canvas = network.normalise(given.permute(0, 3, 1, 2) / 255)
    before = network(canvas)
    whole = model(VptConfig(depth=depth), network=network)
    assert not torch.allclose(whole.outputs(given, "logits"), before, atol=1e-3)
    assert hooks(network) == hooks(whole.network) == 0
    assert torch.equal(network(canvas), before)


@depths
def test_the_network_is_as_it_was_after_a_failure_inside_it(depth, monkeypatch):
    network = tiny_network(SIZE)
    whole = model(VptConfig(depth=depth), network=network)

    def fail(x):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(whole.network.network.blocks[1], "forward", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        whole(images(2, side=SIZE).images_NHWC)
    assert hooks(network) == hooks(whole.network) == 0


@depths
@pytest.mark.parametrize(("patch", "width"), [(16, 768), (8, 64)])
def test_tokens_start_uniform_within_the_papers_bound(depth, patch, width):
    torch.manual_seed(0)
    canvas = Canvas((224, 224), patch=patch, tokens=Tokens(width, 12))
    values = VptConfig(depth=depth, tokens=50).build(canvas).tokens.values.detach()
    assert values.shape == (12 if depth == "deep" else 1, 50, width)
    bound = (6 / (3 * patch * patch + width)) ** 0.5
    assert 0.99 * bound < values.max() <= bound
    assert 0.99 * bound < -values.min() <= bound
    assert float(values.std()) == pytest.approx(bound / 3**0.5, rel=0.03)


def test_the_image_itself_stays_as_it_is():
    whole, given = model(VptConfig()), images(2, side=SIZE).images_NHWC
    expected = whole.network.normalise(given.permute(0, 3, 1, 2) / 255)
    assert torch.equal(seen_by_network(whole, given), expected)


def test_tokens_are_a_group_of_their_own_and_come_back_with_the_state():
    whole = model(VptConfig(depth="deep", tokens=3))
    assert list(whole.parameter_groups()) == ["tokens", "mapping"]
    other = model(VptConfig(depth="deep", tokens=3))
    torch.nn.init.zeros_(other.prompt.tokens.values)
    other.load_trained_state(whole.trained_state())
    assert torch.equal(other.prompt.tokens.values, whole.prompt.tokens.values)
    assert whole.prompt.tokens.values.shape == (2, 3, FEATURES)


@pytest.mark.parametrize("architecture", ["test_resnet", "test_convnext"])
def test_a_network_that_is_no_plain_transformer_is_refused(architecture):
    network = create(architecture, 5, (32, 32))
    frozen = FrozenNetwork(network, (32, 32), [0.5] * 3, [0.5] * 3, source_names(5))
    with pytest.raises(InputError, match="plain vision transformer, and this network is none"):
        VptConfig().build(frozen.canvas)
