"""Checkpoints of real timm networks are read as they were written, or refused."""

import pytest
import torch
from safetensors.torch import load_file

from lorvp.errors import InputError
from lorvp.files.whole import sha256
from lorvp.networks import checkpoint
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries.timm_models import create
from tests.support.networks.checkpoints import FACTS, edit, rewrite
from tests.support.tiny import source_names


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


def test_the_ends_of_a_network_are_its_classes_and_features(folder):
    ends = checkpoint.read_manifest(folder).ends(["x", "y"])
    assert (ends.source_classes, ends.target_classes, ends.features) == (5, 2, 96)
    assert ends.source_names == tuple("ABCDE")
    assert ends.target_names == ("x", "y")
    assert not ends.text
