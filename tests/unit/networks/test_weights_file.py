"""Local files of weights: what fits is read bit by bit, and what does not fit is told."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from lorvp.errors import InputError
from lorvp.networks import checkpoint
from lorvp.networks.sources.timm import TimmConfig
from lorvp.networks.sources.torchvision import TorchvisionConfig
from tests.support.networks.samples import SEVEN, built, facts, read_from, saved, torchvision_facts


@pytest.fixture(scope="module")
def resnet():
    return built(facts("test_resnet"))


def same(network, state: dict) -> bool:
    own = network.state_dict()
    return own.keys() == state.keys() and all(torch.equal(own[key], state[key]) for key in own)


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth", "w.bin"])
def test_a_files_tensors_are_the_networks(tmp_path, names, resnet, name):
    path = saved(resnet, tmp_path / name)
    made = read_from(path, names).make(tmp_path)
    assert same(made.network, resnet.state_dict())
    assert made.facts.source == f"file:{name}"
    assert made.facts.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert made.facts.class_names == [f"kind {n}" for n in range(7)]
    assert made.facts.licence is None


@pytest.mark.parametrize("key", ["state_dict", "model", "state_dict_ema"])
def test_training_checkpoints_hold_the_weights_below_a_name(tmp_path, names, resnet, key):
    state = {f"module.{name}": tensor for name, tensor in resnet.state_dict().items()}
    torch.save({key: state, "epoch": 3}, tmp_path / "w.pth")
    assert same(read_from(tmp_path / "w.pth", names).make(tmp_path).network, resnet.state_dict())


def google(model: torch.nn.Module) -> dict[str, np.ndarray]:
    """A plain ViT of timm's in the layout of Google's files, written from their description."""
    state = {key: tensor.numpy() for key, tensor in model.state_dict().items()}
    width, found = model.embed_dim, {}
    heads = model.blocks[0].attn.num_heads

    def dense(theirs: str, ours: str) -> None:
        found[f"{theirs}/kernel"], found[f"{theirs}/bias"] = (
            state[f"{ours}.weight"].T, state[f"{ours}.bias"],
        )  # fmt: skip

    def norm(theirs: str, ours: str) -> None:
        found[f"{theirs}/scale"], found[f"{theirs}/bias"] = (
            state[f"{ours}.weight"], state[f"{ours}.bias"],
        )  # fmt: skip

    found["cls"] = state["cls_token"]
    found["embedding/kernel"] = state["patch_embed.proj.weight"].transpose(2, 3, 1, 0)
    found["embedding/bias"] = state["patch_embed.proj.bias"]
    found["Transformer/posembed_input/pos_embedding"] = state["pos_embed"]
    norm("Transformer/encoder_norm", "norm")
    dense("head", "head")
    for n in range(len(model.blocks)):
        block, ours = f"Transformer/encoderblock_{n}", f"blocks.{n}"
        norm(f"{block}/LayerNorm_0", f"{ours}.norm1")
        norm(f"{block}/LayerNorm_2", f"{ours}.norm2")
        dense(f"{block}/MlpBlock_3/Dense_0", f"{ours}.mlp.fc1")
        dense(f"{block}/MlpBlock_3/Dense_1", f"{ours}.mlp.fc2")
        attention = f"{block}/MultiHeadDotProductAttention_1"
        weights = np.split(state[f"{ours}.attn.qkv.weight"], 3)
        biases = np.split(state[f"{ours}.attn.qkv.bias"], 3)
        for which, weight, bias in zip(("query", "key", "value"), weights, biases, strict=True):
            found[f"{attention}/{which}/kernel"] = weight.T.reshape(width, heads, -1)
            found[f"{attention}/{which}/bias"] = bias.reshape(heads, -1)
        out = state[f"{ours}.attn.proj.weight"].T
        found[f"{attention}/out/kernel"] = out.reshape(heads, -1, width)
        found[f"{attention}/out/bias"] = state[f"{ours}.attn.proj.bias"]
    return found


@pytest.fixture(scope="module")
def vit():
    return timm.create_model("deit_tiny_patch16_224", num_classes=7, img_size=32, depth=2).eval()


def vit_config(file: Path, names: str) -> TimmConfig:
    options = SEVEN | {"depth": 2}
    return read_from(file, names, "deit_tiny_patch16_224", input_size=32, model_kwargs=options)


def test_googles_arrays_are_read(tmp_path, names, vit):
    np.savez(tmp_path / "w.npz", **google(vit))
    assert same(vit_config(tmp_path / "w.npz", names).make(tmp_path).network, vit.state_dict())


def test_arrays_that_timm_would_pass_over_are_refused(tmp_path, names, vit):
    """Google's first files have a layer before the classifier; the logits would be nonsense."""
    more = {"pre_logits/kernel": np.zeros((192, 192)), "pre_logits/bias": np.zeros(192)}
    np.savez(tmp_path / "w.npz", **google(vit) | more)
    with pytest.raises(InputError, match=r"w.npz does not fit .* numbers, .*pre_logits"):
        vit_config(tmp_path / "w.npz", names).make(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("fc.weight"), "missing: fc.weight$"),
        (lambda s: s.update(extra=torch.zeros(1)), "too many: extra$"),
        (
            lambda s: s.update({"fc.weight": torch.zeros(8, 96)}),
            r"another shape: fc.weight \(8, 96\) instead of \(7, 96\)$",
        ),
        (
            lambda s: [s.pop(key) for key in sorted(s)[:6]],
            "missing: bn1.bias, bn1.num_batches_tracked, bn1.running_mean and 3 more$",
        ),
    ],
    ids=["missing", "too many", "shape", "many"],
)
@pytest.mark.parametrize("name", ["w.safetensors", "w.pth"])
def test_keys_and_shapes_have_to_fit(tmp_path, names, resnet, name, change, message):
    path = saved(resnet, tmp_path / "whole.safetensors")
    state = load_file(path)
    change(state)
    save_file(state, tmp_path / name) if name.endswith("s") else torch.save(state, tmp_path / name)
    with pytest.raises(InputError, match=rf"{name} does not fit test_resnet: {message}"):
        read_from(tmp_path / name, names).make(tmp_path)


def test_a_file_of_another_architecture_is_refused(tmp_path, names, vit):
    path = saved(vit, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match=r"does not fit test_resnet: missing: .* and .* more;"):
        read_from(path, names).make(tmp_path)


def test_the_hash_of_a_file_is_checked(tmp_path, names, resnet):
    path = saved(resnet, tmp_path / "w.safetensors")
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_from(path, names, sha256=right.upper()).make(tmp_path)
    with pytest.raises(InputError, match=f"w.safetensors has the SHA-256 {right}, not {'0' * 64}"):
        read_from(path, names, sha256="0" * 64).make(tmp_path)


def test_the_number_of_names_has_to_be_that_of_the_classes(tmp_path, resnet):
    path, few = saved(resnet, tmp_path / "w.safetensors"), tmp_path / "names.txt"
    few.write_text("a\nb\n")
    with pytest.raises(InputError, match=r"names.txt has 2 names for 7 classes"):
        read_from(path, str(few)).facts()
    with pytest.raises(InputError, match="nothing says what the 7 classes of test_resnet are"):
        read_from(path, None).facts()
    with pytest.raises(InputError, match=r"class_names: there is no nowhere\.txt"):
        read_from(path, "nowhere.txt").facts()


def old_densenet(state: dict) -> dict:
    """Its published file's names: denselayer1.norm.1 for today's denselayer1.norm1."""

    def old(key: str) -> str:
        if "denselayer" in key:
            for part in ("norm1.", "norm2.", "conv1.", "conv2."):
                key = key.replace(f".{part}", f".{part[:4]}.{part[4:]}")
        return key

    return {old(key): tensor for key, tensor in state.items()}


def with_training_branches(state: dict) -> dict:
    return state | {"aux1.fc.weight": torch.zeros(2), "AuxLogits.x": torch.zeros(1)}


@pytest.mark.parametrize(
    ("weights", "published"),
    [
        ("DenseNet121_Weights.IMAGENET1K_V1", old_densenet),
        ("GoogLeNet_Weights.IMAGENET1K_V1", with_training_branches),
        ("MNASNet0_5_Weights.IMAGENET1K_V1", dict),
    ],
)
def test_torchvisions_published_files_are_read(tmp_path, weights, published):
    network = built(torchvision_facts(weights, classes=1000))
    state = published(network.state_dict())
    assert (state.keys() == network.state_dict().keys()) == (published is dict)
    save_file(
        {key: tensor.contiguous() for key, tensor in state.items()}, tmp_path / "w.safetensors"
    )
    made = TorchvisionConfig(weights=weights, file=str(tmp_path / "w.safetensors")).make(tmp_path)
    assert same(made.network, network.state_dict())


REAL = os.environ.get("LORVP_REAL_DATA")


@pytest.mark.skipif(REAL is None, reason="LORVP_REAL_DATA says where real weights are")
def test_real_weights_of_a_mobilenet(tmp_path):
    path = Path(REAL or "") / "weights/mobilenetv2_100.coral_ptq_in1k.safetensors"
    config = TimmConfig(
        name="mobilenetv2_100",
        file=str(path),
        sha256="2af72f751e3a0168ac03f6b44f199f9fd4b1ec966c73d49a1b8bdffadf3f3adb",
        model_kwargs={"pad_type": "same"},
    )
    made = config.make(tmp_path)
    checkpoint.write(tmp_path / "net", made.network, made.facts)
    loaded = checkpoint.load(tmp_path / "net")
    expected = timm.create_model("mobilenetv2_100", pad_type="same", checkpoint_path=str(path))
    x_BCHW = torch.rand(2, 3, 224, 224).contiguous(memory_format=torch.channels_last)
    expected = expected.eval().to(memory_format=torch.channels_last)
    with torch.no_grad():
        assert torch.equal(loaded(x_BCHW), expected(x_BCHW))
    assert loaded.class_names[:2] == ("tench", "goldfish")
    assert loaded.features == 1280
