"""Sizes, patches and tokens of networks, as prompts are built for them."""

import pytest
import torch

from lorvp.errors import InputError
from lorvp.networks import checkpoint
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Canvas, Tokens, patch_of, tokens_of
from lorvp.networks.libraries.timm_models import create
from tests.support.networks.checkpoints import facts


def vit(tmp_path, size: tuple[int, int], patch: int | None):
    torch.manual_seed(0)
    network = create("test_vit", 5, size, patch).eval()
    own = facts(architecture="test_vit", input_size=size, patch=patch)
    return network, checkpoint.write(tmp_path / "vit", network, own)


@torch.no_grad()
@pytest.mark.parametrize(("size", "patch"), [((32, 32), 8), ((32, 48), 4), ((48, 32), None)])
def test_a_transformer_comes_back_with_its_patches_and_size(tmp_path, size, patch):
    network, manifest = vit(tmp_path, size, patch)
    assert manifest.patch == (patch or 16)
    assert manifest.tokens == Tokens(width=64, blocks=6)
    read = checkpoint.read_manifest(tmp_path / "vit")
    assert read == manifest
    loaded = checkpoint.load(tmp_path / "vit")
    images = torch.rand(2, 3, *size)
    expected = FrozenNetwork(network, size, [0.0] * 3, [1.0] * 3, list("ABCDE"))(images)
    assert torch.equal(loaded(images), expected)


def test_a_manifest_and_its_network_describe_the_same_canvas(tmp_path):
    vit(tmp_path, (32, 48), 8)
    written = checkpoint.read_manifest(tmp_path / "vit").canvas
    loaded = checkpoint.load(tmp_path / "vit").canvas
    assert written == Canvas((32, 48), (0.4, 0.5, 0.6), 8, Tokens(64, 6), "bicubic")
    assert (loaded.size, loaded.patch, loaded.tokens) == ((32, 48), 8, Tokens(64, 6))
    assert loaded.interpolation == "bicubic"
    assert loaded.mean == pytest.approx(written.mean)


@pytest.mark.parametrize(("architecture", "patch"), [("test_resnet", None), ("test_convnext", 4)])
def test_a_convolutional_network_has_no_tokens_and_patches_if_it_cuts_the_image(
    tmp_path, architecture, patch
):
    network = create(architecture, 5, (32, 32))
    own = facts(architecture=architecture)
    manifest = checkpoint.write(tmp_path / "conv", network, own)
    assert (manifest.patch, manifest.tokens) == (patch, None)
    assert checkpoint.load(tmp_path / "conv").canvas.tokens is None


def test_a_patch_for_a_network_without_patches_is_refused():
    with pytest.raises(InputError, match="test_resnet has no patches, so `patch` has no meaning"):
        create("test_resnet", 5, (32, 32), patch=8)


@pytest.mark.parametrize(
    ("size", "patch", "side"), [((32, 32), 5, 5), ((32, 36), 8, 8), ((40, 32), None, 16)]
)
def test_patches_that_do_not_tile_the_input_are_refused(size, patch, side):
    with pytest.raises(InputError, match=f"side {side} do not tile .* {size[0]}x{size[1]}"):
        create("test_vit", 5, size, patch)


def test_a_convolutional_network_takes_any_size():
    network = create("test_resnet", 5, (33, 47)).eval()
    assert network(torch.rand(1, 3, 33, 47)).shape == (1, 5)


@pytest.mark.parametrize("architecture", ["beit_base_patch16_224", "cait_xxs24_224"])
def test_relatives_of_the_plain_transformer_have_patches_but_take_no_tokens(architecture):
    with torch.device("meta"):
        network = create(architecture, classes=2)
    assert patch_of(network) == 16
    assert tokens_of(network) is None


@pytest.mark.parametrize("architecture", ["xcit_nano_12_p16_224", "vit_small_r26_s32_224"])
def test_patches_of_a_feature_map_are_not_patches_of_the_image(architecture):
    with torch.device("meta"):
        assert patch_of(create(architecture, classes=2)) is None


def test_a_patch_can_be_asked_for_without_a_size():
    assert patch_of(create("test_vit", classes=2, patch=8)) == 8
