"""The network as trials run it: the same outputs, made once, and the source left as it was."""

import copy

import pytest
import torch
from torch import Tensor, nn

from lorvp.mappings.linear import LpConfig
from lorvp.networks.acceleration import engine as engines
from lorvp.networks.acceleration.account import in_a_line
from lorvp.networks.acceleration.engine import Engine, engine
from lorvp.prompts.methods.full_finetune import FullFinetuneConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.vpt import VptConfig
from lorvp.trials.run import build
from tests.support.layers import NORM, bits, frozen, going, noise, same, small
from tests.support.networks.ready import of
from tests.support.networks.samples import RESNET, clip, facts, torchvision_facts
from tests.support.tiny import TARGET_NAMES, images, trial

# With how many BatchNorms are folded, and whether the layer that reads the image is split.
REAL = {
    "test_resnet": (lambda: of(facts("test_resnet", size=64)), 15, True),
    "test_vit": (lambda: of(facts("test_vit", patch=8)), 0, True),
    "test_efficientnet, odd": (lambda: of(facts("test_efficientnet", size=65)), 13, True),
    "tf_mobilenetv3, odd": (
        lambda: of(facts("tf_mobilenetv3_small_minimal_100", size=65)), 34, True,
    ),
    "test_nfnet": (lambda: of(facts("test_nfnet", size=64)), 0, False),
    "repvgg_a0": (lambda: of(facts("repvgg_a0", size=64)), 44, False),
    "nf_resnet26": (lambda: of(facts("nf_resnet26", size=64)), 0, False),
    "tresnet_m": (lambda: of(facts("tresnet_m", size=64)), 60, False),
    "CLIP ViT": (lambda: of(clip().facts()), 0, True),
    "CLIP ResNet": (lambda: of(clip(RESNET).facts()), 19, True),
    "torchvision ResNet18": (
        lambda: of(torchvision_facts("ResNet18_Weights.IMAGENET1K_V1", 64)), 20, True,
    ),
    "torchvision MobileNet_V3": (
        lambda: of(torchvision_facts("MobileNet_V3_Small_Weights.IMAGENET1K_V1", 64)), 34, True,
    ),
}  # fmt: skip


@torch.no_grad()
@pytest.mark.parametrize("name", REAL)
def test_real_networks_give_the_same_outputs_and_keep_their_bits(name):
    make, folded, has_stem = REAL[name]
    network = make()
    before = bits(network)
    made = Engine(network)
    assert (made.folded, made.stem is not None) == (folded, has_stem)
    norms = sum(isinstance(part, NORM) for part in network.modules())
    told = f"{folded} of {norms} BatchNorms folded" if norms else "no BatchNorm to fold"
    assert made.account()["folding"] == told
    assert (made.account()["stem"] == "stem split") == has_stem
    size = network.input_size
    canvas_BCHW, added_1CHW = noise(2, 3, *size).float(), noise(1, 3, *size, seed=1).float()
    for reads in ("features", "logits"):
        expected = network.run(canvas_BCHW, added_1CHW, reads)
        found = made.run(canvas_BCHW, added_1CHW, reads)
        scale = float(expected.abs().max())
        assert scale > 0
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5 * scale)
        x_BCHW = network.normalise(canvas_BCHW)
        torch.testing.assert_close(
            made(x_BCHW, reads), network(x_BCHW, reads), rtol=1e-4, atol=1e-5 * scale
        )
    assert same(bits(network), before)
    assert made.original is network.network


@pytest.mark.parametrize(
    ("network", "told"),
    [
        ("test_vit", "25 of 25 linear layers by oneDNN; float32; no BatchNorm to fold; stem split"),
        (
            "torchvision ResNet18",
            "1 of 1 linear layers by oneDNN; float32; 20 of 20 BatchNorms folded; stem split",
        ),
        (
            "nf_resnet26",
            "1 of 1 linear layers by oneDNN; float32; no BatchNorm to fold; no stem split: "
            "the layer that reads the image is no plain convolution but ScaledStdConv2d",
        ),
    ],
)
def test_what_was_done_is_told(network, told):
    assert in_a_line(Engine(REAL[network][0]()).account()) == told


def test_methods_tell_what_they_do_with_the_network(monkeypatch):
    monkeypatch.setattr(engines, "compiled", lambda function, mode, device: function)
    network = of(facts("test_vit", patch=8))
    found = {}
    for method in (FullFinetuneConfig(), VptConfig(), LorVpConfig()):
        model = build(trial(method, LpConfig(), compile="default"), network, TARGET_NAMES)
        found[method.kind] = model.prompt.account(model.network)
    assert found["full_finetune"] == {
        "network": "a copy that is trained, as it is; nothing folded or split"
    }
    assert found["vpt"]["compile"] == "not compiled: the method reaches inside"
    assert found["lor_vp"]["compile"] == "compiled, default"
    assert found["lor_vp"]["linear"] == "linear layers compiled"
    assert network.account() == {}


@torch.no_grad()
def test_the_source_stays_as_it_is_and_what_does_not_change_is_shared():
    network = small()
    before, expected = bits(network), network(noise(2, 3, 16, 16).float())
    layers = list(network.network.modules())
    made = Engine(network)
    assert (made.folded, made.stem is not None) == (1, True)
    assert same(bits(network), before)
    assert list(network.network.modules()) == layers
    assert torch.equal(network(noise(2, 3, 16, 16).float()), expected)
    shared = {tensor.data_ptr() for tensor in network.network.state_dict().values()}
    last, head = made.network.body[3], made.network.head
    for tensor in (last.weight, last.bias, head.weight, head.bias):
        assert tensor.data_ptr() in shared
    own = [*made.stem.parameters(), *made.prompt_part.parameters()]
    assert not shared & {tensor.data_ptr() for tensor in own}
    assert not any(parameter.requires_grad for parameter in made.parameters())


def test_it_says_the_same_of_itself_as_its_source():
    network = of(facts("test_vit", patch=8))
    made = engine(network, "fp32")
    assert made.canvas == network.canvas
    assert made.ends(TARGET_NAMES) == network.ends(TARGET_NAMES)
    assert (made.dtype, made.source_classes) == (network.dtype, network.source_classes)
    assert torch.equal(made.mean_C11, network.mean_C11)
    assert torch.equal(made.std_C11, network.std_C11)
    assert made.text is network.text
    assert not any(part.training for part in made.train().modules())


def test_it_is_made_once_for_each_precision_and_network():
    network, other = small(), small()
    first, low = engine(network, "fp32"), engine(network, "bf16")
    assert engine(network, "fp32") is first
    assert engine(network, "bf16") is low
    assert low is not first
    assert engine(other, "fp32") is not first
    assert build(trial(compile="off"), network, TARGET_NAMES).network is first


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_making_it_draws_nothing_from_the_global_generator(precision):
    network = small()
    torch.manual_seed(3)
    before = torch.get_rng_state()
    Engine(network, precision)
    assert torch.equal(torch.get_rng_state(), before)


def test_networks_that_draw_numbers_do_not_move_the_global_generator():
    def way(part, x: Tensor) -> Tensor:
        return part.conv(x) + 0 * torch.rand(1)

    network = frozen(going(way, conv=nn.Conv2d(3, 6, 3)))
    before = torch.get_rng_state()
    assert Engine(network).stem is not None
    assert torch.equal(torch.get_rng_state(), before)


def test_fine_tuning_starts_from_the_source_with_its_batchnorm():
    network = of(facts("test_resnet"))
    model = build(trial(FullFinetuneConfig(), LpConfig()), network, TARGET_NAMES)
    assert isinstance(model.network, Engine)
    norms = [part for part in model.prompt.network.modules() if isinstance(part, NORM)]
    assert len(norms) == model.network.folded == 15
    for name, tensor in model.prompt.network.state_dict().items():
        own = network.network.state_dict()[name]
        assert torch.equal(tensor, own)
        assert tensor.data_ptr() != own.data_ptr()


@torch.no_grad()
def test_a_copy_works_by_itself():
    made = Engine(small())
    other = copy.deepcopy(made)
    canvas_BCHW, added_1CHW = noise(2, 3, 16, 16).float(), noise(1, 3, 16, 16, seed=1).float()
    expected = made.run(canvas_BCHW, added_1CHW, "logits")
    assert torch.equal(other.run(canvas_BCHW, added_1CHW, "logits"), expected)
    assert other.stem is not made.stem


def test_moving_a_model_moves_its_source_as_a_whole():
    """Weights that both have would otherwise part from those that only one has."""
    source = small()
    build(trial(), source, TARGET_NAMES).to(torch.float64)
    assert {tensor.dtype for tensor in source.parameters()} == {torch.float64}
    again = build(trial(), source, TARGET_NAMES)
    logits_BK = again(images(2).images_NHWC)
    assert torch.isfinite(logits_BK).all()
