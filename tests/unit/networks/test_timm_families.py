"""Features and logits of timm's families, by another way than the one under test."""

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from lorvp.errors import InputError
from lorvp.networks import checkpoint
from lorvp.networks.libraries import timm_models
from tests.support.networks.samples import built, facts

# Architecture, side of the images, width of the features as its paper or its code has it.
FAMILIES = [
    ("convnext_atto", 64, 320), ("convnextv2_atto", 64, 320), ("deit_tiny_patch16_224", 64, 192),
    ("densenet121", 64, 1024), ("dla34", 64, 512), ("edgenext_xx_small", 64, 168),
    ("efficientformerv2_s0", 224, 176), ("efficientnet_b0", 64, 1280), ("fastvit_t8", 64, 768),
    ("ghostnet_050", 64, 1280), ("hgnetv2_b0", 64, 2048), ("levit_128s", 224, 384),
    ("mambaout_femto", 64, 1152), ("mobilenetv2_100", 64, 1280),
    ("mobilenetv3_small_050", 64, 1024), ("mobileone_s0", 64, 1024), ("mobilevit_xxs", 64, 320),
    ("pvt_v2_b0", 64, 256), ("regnety_002", 64, 368), ("repvit_m0_9", 64, 384),
    ("resmlp_12_224", 224, 384), ("resnest14d", 64, 2048), ("resnet18", 64, 512),
    ("resnetv2_18", 64, 512), ("rexnet_100", 64, 1280), ("test_nfnet", 64, 192),
    ("test_vit", 64, 64), ("test_vit_relpos", 64, 96), ("tiny_vit_5m_224", 64, 320),
    ("xcit_nano_12_p16_224", 64, 128),
]  # fmt: skip


def by_hand(network: nn.Module, features_BD: torch.Tensor) -> torch.Tensor:
    """Its own classifier on features; where there are two, their mean (distillation)."""
    heads = network.get_classifier()
    heads = list(heads) if isinstance(heads, tuple | list) else [heads]
    maps = [features_BD[:, :, None, None] if _is_conv(head) else features_BD for head in heads]
    logits = [head(x).flatten(1) for head, x in zip(heads, maps, strict=True)]
    return sum(logits) / len(logits)


def _is_conv(head: nn.Module) -> bool:
    return isinstance(head, nn.Conv2d)


@pytest.mark.parametrize(("architecture", "size", "width"), FAMILIES, ids=lambda v: str(v))
def test_the_classifier_reads_the_features_and_the_image_gets_a_gradient(architecture, size, width):
    own = facts(architecture, size=size)
    network = built(own)
    frozen = timm_models.check(network, own, torch.rand(1, 3, size, size))
    x_BCHW = torch.rand(2, 3, size, size, requires_grad=True)
    features_BD, logits_BS = frozen(x_BCHW, "features"), frozen(x_BCHW)
    assert features_BD.shape == (2, width)
    assert frozen.features == width
    with torch.no_grad():
        expected = by_hand(network, features_BD)
    assert expected.std() > 0
    torch.testing.assert_close(logits_BS, expected, rtol=1e-4, atol=1e-5)
    logits_BS[:, 0].sum().backward()
    assert x_BCHW.grad.abs().max() > 0
    assert not any(part.training for part in frozen.modules())
    assert not any(parameter.requires_grad for parameter in frozen.parameters())


ROUND_TRIPS = [
    "dla34",
    "levit_128s",
    "resnetv2_18",
    "test_vit_relpos",
    "tiny_vit_5m_224",
    "regnety_002",
]


@torch.no_grad()
@pytest.mark.parametrize("architecture", ROUND_TRIPS)
def test_what_is_stored_gives_the_same_bits(tmp_path, architecture):
    size = next(size for name, size, _ in FAMILIES if name == architecture)
    own, x_BCHW = facts(architecture, size=size), torch.rand(2, 3, size, size)
    expected = timm_models.frozen(built(own), own)(x_BCHW)
    checkpoint.write(tmp_path / "net", built(own), own)
    assert torch.equal(checkpoint.load(tmp_path / "net")(x_BCHW), expected)


def test_options_of_timm_are_part_of_the_checkpoint(tmp_path):
    """`pad_type: same` pads images otherwise, with the same weights."""
    x_BCHW = torch.rand(1, 3, 64, 64)
    outputs = {}
    for padding in ("", "same"):
        own = facts("mobilenetv2_100", size=64, model_kwargs={"pad_type": padding})
        checkpoint.write(tmp_path / "net", built(own), own)
        outputs[padding] = checkpoint.load(tmp_path / "net")(x_BCHW)
    assert not torch.allclose(outputs[""], outputs["same"])


def test_two_classifiers_that_read_two_tokens_are_refused():
    """Their mean is no function of the mean of the tokens, which timm calls features."""
    with pytest.raises(InputError, match=r"deit_tiny_distilled.* no classifier that reads"):
        checkpoint.sketch(facts("deit_tiny_distilled_patch16_224", size=224))


def test_features_that_are_not_a_row_of_numbers_are_refused():
    own = facts("resnet18", size=64, model_kwargs={"global_pool": ""})
    with pytest.raises(InputError, match="resnet18 gives 512 x 2 x 2 features for an image"):
        checkpoint.sketch(own)


def test_an_image_too_small_for_the_network_is_refused():
    with pytest.raises(InputError, match=r"inception_v3 cannot read images of 32x32: "):
        checkpoint.sketch(facts("inception_v3", size=32))


def test_a_patch_that_cannot_be_changed_is_refused():
    """A convolution of 4x4 pixels with a step of 4 cuts the image, but timm cannot change it."""
    with pytest.raises(InputError, match="convnext_atto has patches of side 4 and no others"):
        timm_models.create("convnext_atto", 3, (32, 32), patch=8)
    assert timm_models.create("convnext_atto", 3, (32, 32), patch=4) is not None


def test_tensors_that_share_memory_are_stored_both(tmp_path):
    own = facts("test_resnet", classes=96)
    network = built(own)
    network.fc.weight.data = network.fc.weight.data.clone()
    network.register_parameter("twin", network.fc.weight)
    manifest = checkpoint.write(tmp_path / "net", network, own)
    stored = load_file(tmp_path / "net" / "weights.safetensors")
    assert torch.equal(stored["twin"], stored["fc.weight"])
    assert manifest.features == 96
