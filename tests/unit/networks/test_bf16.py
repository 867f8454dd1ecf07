"""The network in bf16, and everything around it in fp32."""

import pytest
import torch
from torch import Tensor, nn

from lorvp.deployment.fold import with_prompt
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.networks.acceleration.engine import Engine, engine
from lorvp.networks.frozen import FrozenNetwork, read
from lorvp.prompts.methods.full_finetune import FullFinetuneConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.vpt import VptConfig
from lorvp.training.evaluation import predict
from lorvp.training.trainer import fit
from lorvp.trials.run import build
from tests.support.layers import bits, frozen, noise, same, whole
from tests.support.networks.ready import of
from tests.support.networks.samples import clip, facts, torchvision_facts
from tests.support.tiny import TARGET_NAMES, images, trial

pytestmark = pytest.mark.hardware
BF16, FP32 = torch.bfloat16, torch.float32
SIDE = 64


NETWORKS = {
    "resnet": lambda: of(facts("test_resnet", size=SIDE)),
    "vit": lambda: of(facts("test_vit", size=SIDE, patch=8)),
    "convnext": lambda: of(facts("test_convnext2", size=SIDE)),
    "no stem": lambda: of(facts("test_nfnet", size=SIDE)),
    "CLIP ViT": lambda: of(clip(input_size=SIDE).facts()),
    "torchvision": lambda: of(torchvision_facts("ResNet18_Weights.IMAGENET1K_V1", SIDE)),
}
CANVAS_BCHW = (255 * noise(4, 3, SIDE, SIDE, seed=2)).round().float() / 255


def run(network: FrozenNetwork) -> tuple[Tensor, Tensor]:
    """features_BD and the prompt's gradient."""
    added_1CHW = (noise(1, 3, SIDE, SIDE).float() / 10).requires_grad_(True)
    features_BD = network.run(CANVAS_BCHW, added_1CHW, "features")
    random = torch.Generator().manual_seed(1)
    (features_BD * torch.randn(features_BD.shape, generator=random)).sum().backward()
    return features_BD.detach(), added_1CHW.grad


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_and_gradients_are_close_to_those_in_fp32_and_are_in_fp32(name):
    network = NETWORKS[name]()
    before = bits(network)
    made = Engine(network, "bf16")
    (found, gradient), (expected, wanted) = run(made), run(network)
    assert (made.dtype, found.dtype, gradient.dtype) == (BF16, FP32, FP32)
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.05 * float(expected.abs().max()))
    assert not torch.equal(found, expected)
    assert float(torch.cosine_similarity(gradient.flatten(), wanted.flatten(), dim=0)) > 0.9
    assert same(bits(network), before)
    assert {t.dtype for t in network.state_dict().values() if t.is_floating_point()} == {FP32}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_prompts_part_of_the_stem_stays_in_fp32(name):
    made = Engine(NETWORKS[name](), "bf16")
    assert {parameter.dtype for parameter in made.network.parameters()} == {BF16}
    if made.stem is not None:
        assert made.stem in set(made.network.modules()), "the one that is in the network"
        assert {parameter.dtype for parameter in made.prompt_part.parameters()} == {FP32}
    assert (made.stem is None) == (name == "no stem")


def test_mapping_prompt_loss_and_logits_are_in_fp32():
    model = build(trial(LorVpConfig(), precision="bf16"), NETWORKS["vit"](), TARGET_NAMES)
    logits_BK = model.train()(images(3).images_NHWC)
    assert logits_BK.dtype == FP32
    logits_BK.square().sum().backward()
    for parameter in [p for group in model.parameter_groups().values() for p in group]:
        assert (parameter.dtype, parameter.grad.dtype) == (FP32, FP32)


@pytest.mark.parametrize("depth", ["shallow", "deep"])
def test_tokens_stay_in_fp32_beside_those_of_a_network_in_bf16(depth):
    network, features = NETWORKS["vit"](), []
    for precision in ("fp32", "bf16"):
        torch.manual_seed(0)
        asked = trial(VptConfig(depth=depth), LpConfig(), precision=precision)
        model = build(asked, network, TARGET_NAMES)
        features.append(model.outputs(images(3).images_NHWC))
    assert features[1].dtype == FP32
    torch.testing.assert_close(features[1], features[0], rtol=0.05, atol=0.05)
    features[1].square().sum().backward()
    values = model.prompt.tokens.values
    assert (values.dtype, values.grad.dtype) == (FP32, FP32)
    assert float(values.grad.abs().sum()) > 0


def test_grey_levels_reach_the_first_layer_exactly():
    """All 256 of them; of normalised images bf16 would keep eight bits."""
    levels_B1HW = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    canvas_BCHW = levels_B1HW.expand(2, 3, 16, 16) / 255
    made, seen = Engine(frozen(whole(nn.Conv2d(3, 6, 3), nn.GELU())), "bf16"), []
    made.stem.of_image.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    made.run(canvas_BCHW, torch.zeros(1, 3, 16, 16), "logits")
    assert seen[0].dtype == BF16
    assert torch.equal(seen[0].int(), levels_B1HW.int().expand(2, 3, 16, 16))


@pytest.mark.parametrize(("precision", "fused"), [("fp32", True), ("bf16", False)])
def test_fused_attention_is_off_only_in_bf16_on_a_cpu(precision, fused):
    network = NETWORKS["vit"]()
    own = [part for part in network.modules() if hasattr(part, "fused_attn")]
    for part in own:
        part.fused_attn = True
    made = engine(network, precision)
    found = [part.fused_attn for part in made.network.modules() if hasattr(part, "fused_attn")]
    assert found == [fused] * len(own)
    assert len(own) > 0
    assert all(part.fused_attn for part in own), "the source keeps its own"


@pytest.mark.parametrize("mapping", [LpConfig(), FmConfig()], ids=lambda mapping: mapping.kind)
def test_trials_in_bf16_end_near_those_in_fp32(mapping):
    network, losses = NETWORKS["resnet"](), []
    for precision in ("fp32", "bf16"):
        asked = trial(LorVpConfig(), mapping, epochs=3, lr=0.01, precision=precision)
        torch.manual_seed(0)
        model = build(asked, network, TARGET_NAMES)
        epochs = fit(model, images(6), images(4, seed=1), asked.training)
        losses.append([epoch.train_loss for epoch in epochs])
        assert predict(model, images(4)).loss_N.dtype == FP32
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
    assert losses[1] != losses[0]


def test_fine_tuned_weights_stay_in_fp32_and_are_used_in_bf16():
    network = NETWORKS["resnet"]()
    asked = trial(FullFinetuneConfig(), LpConfig(), epochs=1, batch_size=2, precision="bf16")
    model = build(asked, network, TARGET_NAMES)
    tuned, kinds = model.prompt.network, set()
    first = next(part for part in tuned.modules() if isinstance(part, nn.Conv2d))
    first.register_forward_hook(lambda module, given, gives: kinds.add(gives.dtype))
    before = bits(tuned)
    outputs = model.outputs(images(2).images_NHWC)
    assert (kinds, outputs.dtype) == ({BF16}, FP32)
    list(fit(model, images(4), images(2, seed=1), asked.training))
    assert {parameter.dtype for parameter in tuned.parameters()} == {FP32}
    assert not same(bits(tuned), before)
    assert any(isinstance(part, nn.BatchNorm2d) for part in tuned.modules())


def test_fine_tuning_in_fp32_runs_without_autocast():
    model = build(trial(FullFinetuneConfig()), NETWORKS["resnet"](), TARGET_NAMES)
    kinds = set()
    for part in model.prompt.network.modules():
        part.register_forward_hook(lambda module, given, gives: kinds.add(gives.dtype))
    model(images(2).images_NHWC)
    assert kinds == {FP32}


@torch.no_grad()
@pytest.mark.parametrize("name", NETWORKS)
def test_logits_come_in_fp32_and_near_those_of_the_source(name):
    """Those of CLIP are products with embeddings of texts, which stay in fp32."""
    network, added_1CHW = NETWORKS[name](), torch.zeros(1, 3, SIDE, SIDE)
    expected = network.run(CANVAS_BCHW, added_1CHW, "logits")
    found = Engine(network, "bf16").run(CANVAS_BCHW, added_1CHW, "logits")
    assert found.dtype == FP32
    assert float((found - expected).abs().max()) < 0.1 * float(expected.abs().max())


@torch.no_grad()
def test_a_prompt_that_was_trained_in_bf16_is_folded_into_weights_in_fp32():
    network = NETWORKS["vit"]()
    model = build(trial(LorVpConfig(), precision="bf16"), network, TARGET_NAMES)
    for parameter in model.prompt.parameters():
        parameter.data += 0.1 * noise(*parameter.shape).float()
    folded = with_prompt(model)
    x_BCHW = network.normalise(CANVAS_BCHW)
    expected = network.run(CANVAS_BCHW, model.prompt.added(CANVAS_BCHW), "features")
    torch.testing.assert_close(read(folded, x_BCHW, "features"), expected)
