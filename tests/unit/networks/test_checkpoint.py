"""Checkpoints of real timm networks: what is read is what was written, or is refused."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from lorvp.errors import InputError
from lorvp.files.whole import sha256
from lorvp.networks import checkpoint
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Canvas, Tokens, patch_of, tokens_of
from lorvp.networks.libraries.timm_models import create
from lorvp.networks.manifest import Facts
from tests.support.networks.samples import FACTS
from tests.support.tiny import source_names


def facts(**other) -> Facts:
    return FACTS.model_copy(update=other)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return create("test_resnet", 5).eval()


@pytest.fixture
def folder(tmp_path, network):
    checkpoint.write(tmp_path / "net", network, FACTS)
    return tmp_path / "net"


def rewrite(folder, state: dict) -> None:
    """Other weights under a manifest that knows their checksum."""
    path = folder / "weights.safetensors"
    save_file(state, path)
    edit(folder, weights_sha256=sha256(path))


def edit(folder, **facts) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


@torch.no_grad()
def test_a_loaded_network_gives_the_same_logits(folder, network):
    images = torch.rand(3, 3, 32, 32)
    loaded = checkpoint.load(folder)
    mean, std = (torch.tensor(v)[:, None, None] for v in (FACTS.mean, FACTS.std))
    expected = FrozenNetwork(network, (32, 32), [0.0] * 3, [1.0] * 3, list("ABCDE"))(
        (images - mean) / std
    )
    assert torch.equal(loaded(loaded.normalise(images)), expected)
    assert not loaded.training


def test_a_loaded_network_knows_its_sizes(folder):
    loaded = checkpoint.load(folder)
    assert (loaded.source_classes, loaded.features, loaded.input_size) == (5, 96, (32, 32))
    manifest = checkpoint.read_manifest(folder)
    assert manifest.features == 96
    assert manifest.class_names == list("ABCDE")
    assert manifest.weights_sha256 == sha256(folder / "weights.safetensors")


@torch.no_grad()
@pytest.mark.parametrize("architecture", ["test_resnet", "test_vit", "test_convnext"])
def test_the_classifier_on_features_gives_the_logits(architecture):
    """For every family: features are what its own classifier reads."""
    network = create(architecture, 7, (32, 32))
    frozen = FrozenNetwork(network, (32, 32), [0.5] * 3, [0.5] * 3, source_names(7))
    images = torch.rand(2, 3, 32, 32)
    features_BD = frozen(images, "features")
    assert features_BD.shape == (2, frozen.features)
    torch.testing.assert_close(network.get_classifier()(features_BD), frozen(images))


def flip(data: bytes) -> bytes:
    return data[:-10] + bytes([data[-10] ^ 1]) + data[-9:]


@pytest.mark.parametrize("damage", [flip, lambda data: data[:-100], lambda data: b""])
def test_damaged_weights_are_refused(folder, damage):
    path = folder / "weights.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"weights.safetensors is damaged"):
        checkpoint.load(folder)


@pytest.mark.parametrize(
    ("named", "change"),
    [
        ("conv1.0.weight", lambda state: state.pop("conv1.0.weight")),
        ("extra", lambda state: state.update(extra=torch.zeros(1))),
        ("fc.weight", lambda state: state.update({"fc.weight": torch.zeros(6, 96)})),
    ],
    ids=["missing", "one too many", "another shape"],
)
def test_weights_that_do_not_fit_key_by_key_are_refused(folder, named, change):
    state = load_file(folder / "weights.safetensors")
    change(state)
    rewrite(folder, state)
    with pytest.raises(InputError, match=rf"does not fit test_resnet(.|\n)*{named}"):
        checkpoint.load(folder)


def test_what_is_no_safetensors_file_is_refused_even_with_the_right_checksum(folder):
    (folder / "weights.safetensors").write_bytes(b"not a tensor")
    edit(folder, weights_sha256=sha256(folder / "weights.safetensors"))
    with pytest.raises(InputError, match="does not fit test_resnet"):
        checkpoint.load(folder)


def test_an_unknown_architecture_is_refused_with_similar_ones(folder):
    edit(folder, architecture="test_resmet")
    with pytest.raises(InputError, match=r"'test_resmet'; similar: .*test_"):
        checkpoint.load(folder)


def test_a_folder_without_manifest_is_no_checkpoint(tmp_path):
    with pytest.raises(InputError, match=f"{tmp_path} is not a checkpoint"):
        checkpoint.load(tmp_path)


def test_missing_weights_are_named(folder):
    (folder / "weights.safetensors").unlink()
    with pytest.raises(InputError, match=r"weights.safetensors"):
        checkpoint.load(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"architecture": 3}'])
def test_a_broken_manifest_is_named(folder, text):
    (folder / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"manifest.json"):
        checkpoint.read_manifest(folder)


@pytest.mark.parametrize(
    "facts",
    [
        {"mean": [0.5] * 3}, {"std": [0.5] * 3}, {"input_size": [64, 64]}, {"architecture": "x"},
        {"interpolation": "bilinear"}, {"model_kwargs": {"pad_type": "same"}}, {"patch": 4},
        {"templates": ["a {}"]}, {"library": "torchvision"},
    ],
    ids=str,
)  # fmt: skip
def test_all_that_changes_the_outputs_changes_the_digest(folder, facts):
    """It stands for the checkpoint in the names of trials."""
    before = checkpoint.digest(checkpoint.read_manifest(folder))
    edit(folder, **facts)
    assert checkpoint.digest(checkpoint.read_manifest(folder)) != before


def test_other_weights_have_another_digest(folder):
    before = checkpoint.digest(checkpoint.read_manifest(folder))
    state = load_file(folder / "weights.safetensors")
    rewrite(folder, state | {"fc.bias": torch.ones(5)})
    assert checkpoint.digest(checkpoint.read_manifest(folder)) != before


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


def test_the_ends_of_a_network_are_its_classes_and_features(folder):
    ends = checkpoint.read_manifest(folder).ends(["x", "y"])
    assert (ends.source_classes, ends.target_classes, ends.features) == (5, 2, 96)
    assert ends.source_names == tuple("ABCDE")
    assert ends.target_names == ("x", "y")
    assert not ends.text


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
