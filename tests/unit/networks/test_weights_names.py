"""Weights as people save them give the same checkpoint as the plain file, or say what was seen."""

import zipfile
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lorvp.errors import InputError
from lorvp.files.whole import sha256
from lorvp.networks import checkpoint
from lorvp.networks.sources.torchvision import TorchvisionConfig
from lorvp.networks.weights_file import require_file
from lorvp.networks.weights_names import WRAPPERS, state_for, weights_in
from tests.support.networks.samples import built, facts, read_from, saved, torchvision_facts

RESNET = built(facts("test_resnet"))
STATE = RESNET.state_dict()
OTHER = {name: torch.zeros_like(tensor) for name, tensor in STATE.items()}


def prefixed(prefix: str) -> dict:
    return {prefix + name: tensor for name, tensor in STATE.items()}


WRAPPED = {
    "state_dict": lambda s: {"state_dict": s, "epoch": 3},
    "model": lambda s: {"model": s, "optimizer": {"state": {0: {"exp": torch.ones(2)}}}},
    "net": lambda s: {"net": s, "acc": 93.1, "epoch": 199},
    "network": lambda s: {"network": s},
    "model_state_dict": lambda s: {"model_state_dict": s, "loss": torch.tensor(0.3)},
    "ema": lambda s: {"ema": s, "model": OTHER},
    "state_dict_ema": lambda s: {"state_dict": OTHER, "state_dict_ema": s, "arch": "resnet"},
    "model_ema": lambda s: {"model": OTHER, "model_ema": s},
    "ema.module": lambda s: {"ema": {"decay": 0.999, "module": s}, "model": OTHER},
    "an ema of other names": lambda s: {"ema": {"x": torch.ones(1)}, "state_dict": s},
    "lightning": lambda s: {
        "state_dict": {f"model.{k}": v for k, v in s.items()},
        "pytorch-lightning_version": "2.5", "hyper_parameters": {"lr": 0.1}, "global_step": 7,
    },
    "numpy": lambda s: {"state_dict": s, "best_acc": np.float64(0.93), "n": np.int64(3),
                        "kept": np.bool_(True), "half": np.float32(0.5)},
    "arguments": lambda s: {"state_dict": s, "args": Namespace(lr=0.1)},
    "numbers beside": lambda s: {**s, "epoch": 3, "best": np.float32(0.5)},
    "averaged by torch": lambda s: {"n_averaged": torch.tensor(7),
                                    **{f"module.{k}": v for k, v in s.items()}},
    "ordered": OrderedDict,
}  # fmt: skip
EACH = {f"below {name}": lambda s, name=name: {name: s} for name in WRAPPERS}
PREFIXES = ["module.", "_orig_mod.", "model.", "net.", "network.", "backbone.", "encoder.",
            "classifier.", "module._orig_mod.", "_orig_mod.module.", "model.module.",
            "model.backbone.", "student.encoder.net."]  # fmt: skip


def digest(folder: Path, path: Path, names: str) -> str:
    """The hash of the weights as they are stored."""
    made = read_from(path, names).make(folder)
    checkpoint.write(folder / "net", made.network, made.facts)
    return sha256(folder / "net/weights.safetensors")


@pytest.fixture(scope="module")
def plain(tmp_path_factory, names) -> str:
    folder = tmp_path_factory.mktemp("plain")
    return digest(folder, saved(RESNET, folder / "plain.safetensors"), names)


@pytest.mark.parametrize("way", {**WRAPPED, **EACH})
def test_weights_below_a_name(tmp_path, names, plain, way):
    torch.save((WRAPPED | EACH)[way](STATE), tmp_path / "w.pth")
    assert digest(tmp_path, tmp_path / "w.pth", names) == plain


@pytest.mark.parametrize("name", WRAPPERS)
def test_every_name_is_looked_below_and_every_prefix_taken_off_there(tmp_path, name):
    for prefix in ["", *PREFIXES]:
        torch.save({name: prefixed(prefix), "best": np.float64(0.9)}, tmp_path / "w.pth")
        require_file(tmp_path / "w.pth")
        found = state_for(RESNET, tmp_path / "w.pth", "test_resnet")
        assert found.keys() == STATE.keys(), prefix
        assert all(torch.equal(STATE[key], tensor) for key, tensor in found.items())


@pytest.mark.parametrize("prefix", PREFIXES)
def test_weights_with_a_prefix(tmp_path, names, plain, prefix):
    torch.save({"state_dict": prefixed(prefix)}, tmp_path / "w.pth")
    assert digest(tmp_path, tmp_path / "w.pth", names) == plain
    save_file(prefixed(prefix), tmp_path / "w.safetensors")
    assert digest(tmp_path, tmp_path / "w.safetensors", names) == plain


def test_a_part_that_torch_compiled_is_called_as_before(tmp_path, names, plain):
    state = {name.replace("layer1.", "layer1._orig_mod."): t for name, t in STATE.items()}
    assert state.keys() != STATE.keys()
    torch.save(state, tmp_path / "w.pth")
    assert digest(tmp_path, tmp_path / "w.pth", names) == plain


def test_torchvisions_networks_are_read_so_too(tmp_path):
    weights = "ResNet18_Weights.IMAGENET1K_V1"
    state = built(torchvision_facts(weights, classes=1000)).state_dict()
    torch.save({"net": {f"module.{k}": v for k, v in state.items()}}, tmp_path / "w.pth")
    made = TorchvisionConfig(weights=weights, file=str(tmp_path / "w.pth")).make(tmp_path)
    assert all(torch.equal(state[k], tensor) for k, tensor in made.network.state_dict().items())


def without(*keys: str) -> dict:
    return {name: tensor for name, tensor in STATE.items() if name not in keys}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"state_dict": without("fc.weight")}, r"missing: fc.weight \(below state_dict\)$"),
        (
            {"ema": {f"net.{k}": v for k, v in without("fc.bias").items()}},
            r": missing: fc.bias \(below ema; all names begin with net\.\)$",
        ),
        # Taken off, the prefix would leave a tensor too many.
        (
            {f"model.{k}": v for k, v in {**STATE, "loss.weight": torch.ones(1)}.items()},
            r": too many: loss.weight \(all names begin with model\.\)$",
        ),
        (
            {"generator": STATE, "step": 3},
            r"holds no weights by themselves or below one of state_dict_ema, .*, but generator "
            r"\(OrderedDict\), step \(int\); save the state_dict alone$",
        ),
        ({}, r"but there is none; save"),
    ],
    ids=["short", "short with prefix", "too many", "unknown name", "nothing"],
)
def test_what_does_not_fit_says_what_was_seen(tmp_path, names, content, message):
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(InputError, match=message) as told:
        read_from(tmp_path / "w.pth", names).make(tmp_path)
    assert "\n" not in str(told.value)
    assert str(tmp_path / "w.pth") in str(told.value)


def test_numbers_of_numpy_1_are_read(tmp_path):
    """It had another name for the module that makes them."""
    torch.save({"model": STATE, "acc": np.float64(0.5)}, tmp_path / "new.pth")
    new, old = b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n"
    with (
        zipfile.ZipFile(tmp_path / "new.pth") as given,
        zipfile.ZipFile(tmp_path / "w.pth", "w") as made,
    ):
        for name in given.namelist():
            content = given.read(name)
            assert (new in content) == name.endswith("data.pkl")
            made.writestr(name, content.replace(new, old))
    require_file(tmp_path / "w.pth")
    assert weights_in(tmp_path / "w.pth")[0].below == ("model",)


@pytest.mark.parametrize("made", [np.array([1, "x"], dtype=object), np.ones(3)], ids=["o", "f"])
def test_no_other_global_of_numpys_is_called(tmp_path, names, made):
    torch.save({"state_dict": STATE, "more": made}, tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"would run code when it is read \(it asks for numpy"):
        read_from(tmp_path / "w.pth", names).make(tmp_path)
