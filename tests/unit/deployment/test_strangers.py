"""Bundles from strangers: nothing in one runs code, opens a connection or leads elsewhere."""

import json
import os
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import lorvp
from lorvp.deployment import bundle as bundles
from lorvp.errors import InputError
from lorvp.files.whole import sha256
from lorvp.networks import checkpoint
from tests.support.bundles import record, settle, sign
from tests.support.networks.hub import serving
from tests.support.networks.samples import built, clip, saved


@pytest.fixture
def calls(monkeypatch):
    """Addresses that anybody tried to reach; nothing is reached."""
    tried: list = []

    def refuse(self, address, *_):
        tried.append(address)
        raise OSError("no way out")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **_: refuse(None, asked))
    return tried


def edit(bundle: Path, **facts) -> None:
    path = bundle / "network/manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def test_loading_opens_no_connection(bundle, calls):
    assert lorvp.load(bundle).class_names == ("class 0", "class 1", "class 2")
    assert calls == []


URL = {"url": "http://localhost:1/weights.pth"}
HOSTILE = [
    {"pretrained": True},
    {"pretrained": True, "pretrained_cfg": URL},
    {"pretrained_cfg": {"file": "/etc/passwd"}},
    {"pretrained_cfg_overlay": URL},
    {"checkpoint_path": "/etc/passwd"},
    {"cache_dir": "/tmp/elsewhere"},
    {"features_only": True},
    {"scriptable": True},
    {"device": "cuda"},
    {"img_size": 10**9},
    {"norm_layer": "os.system"},
    {"act_layer": ["relu"]},
    {"act_layer": "no such"},
    {"embed_dim": 10**12},
    {"depth": 10**9},
    {"depth": -1},
    {"depth": 2.0},
    {"num_heads": 0},
    {"num_heads": 5},
    {"block_fn": "Block"},
    {"__class__": "x"},
    {"drop_rate": 1e9},
    {"mlp_ratio": "4"},
    {"global_pool": "nowhere"},
]


@pytest.mark.parametrize("kwargs", HOSTILE, ids=str)
def test_a_networks_settings_reach_no_file_and_no_address(bundle, calls, kwargs):
    edit(bundle, model_kwargs=kwargs)
    with pytest.raises(InputError) as told:
        lorvp.load(bundle)
    assert calls == []
    assert len(str(told.value).splitlines()) == 1
    assert any(key in str(told.value) for key in [*kwargs, "test_vit"])


def test_what_would_be_downloaded_is_not_asked_for(bundle, tmp_path):
    """Over a real connection: the server counts what it is asked."""
    weights = saved(torch.nn.Linear(1, 1), tmp_path / "weights.pth")
    asked = []

    class Files(dict):
        def __contains__(self, path):
            asked.append(path)
            return super().__contains__(path)

    with serving(Files({"/weights.pth": weights})) as address:
        cfg = {"url": f"{address}/weights.pth"}
        edit(bundle, model_kwargs={"pretrained": True, "pretrained_cfg": cfg})
        with pytest.raises(InputError, match="pretrained has no place here"):
            lorvp.load(bundle)
    assert asked == []


ARCHITECTURES = [
    ("timm", "hf-hub:someone/x"), ("timm", "local-dir:/tmp"), ("timm", "hf_hub:a/b"),
    ("timm", "test_vit.r160_in1k"), ("timm", "../test_vit"), ("timm", ""), ("timm", "x" * 9999),
    ("torchvision", "fasterrcnn_resnet50_fpn"), ("torchvision", "deeplabv3_resnet50"),
    ("torchvision", "quantized_resnet18"), ("torchvision", "hf-hub:someone/x"),
    ("open_clip", "hf-hub:someone/x"), ("open_clip", "local-dir:/tmp"),
    ("open_clip", "ViT-B-16-SigLIP"), ("open_clip", "roberta-ViT-B-32"), ("open_clip", "RN5"),
    ("os", "system"),
]  # fmt: skip


@pytest.mark.parametrize("named", ARCHITECTURES, ids=str)
def test_an_architecture_is_one_of_the_librarys_own(bundle, calls, named):
    edit(bundle, library=named[0], architecture=named[1])
    with pytest.raises(InputError) as told:
        lorvp.load(bundle)
    assert calls == []
    assert len(str(told.value)) < 1000


TOWERS = [
    {"vision_cfg": {"timm_model_name": "resnet18", "timm_model_pretrained": True}},
    {"text_cfg": {"hf_model_name": "someone/x"}},
    {"text_cfg": {"hf_tokenizer_name": "someone/x"}},
    {"text_cfg": {"tokenizer_kwargs": {"clean": "x"}}},
    {"multimodal_cfg": {}},
    {"cast_dtype": "float16"},
]


@pytest.mark.parametrize("kwargs", TOWERS, ids=str)
def test_clips_towers_are_open_clips_own(tmp_path, calls, kwargs):
    own = clip().facts()
    checkpoint.write(tmp_path / "network", built(own), own)
    assert checkpoint.load(tmp_path / "network")
    edit(tmp_path, model_kwargs=own.model_kwargs | kwargs)
    with pytest.raises(InputError, match="model_kwargs"):
        checkpoint.load(tmp_path / "network")
    assert calls == []


def test_sizes_that_the_weights_do_not_have_take_no_memory(bundle):
    import resource

    edit(bundle, model_kwargs={"embed_dim": 65536, "depth": 50})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=r"does not fit test_vit: .*another shape"):
        lorvp.load(bundle)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 500_000, "kilobytes; the weights would be 8 TB"


FACTS = [
    {"std": [0, 1, 1]}, {"std": [1]}, {"mean": []}, {"mean": ["0.5"] * 3}, {"input_size": [0, 32]},
    {"input_size": [10**9, 32]}, {"input_size": [32]}, {"input_size": "32"}, {"patch": 0},
    {"features": "5"}, {"tokens": [1]}, {"weights_sha256": "x"}, {"class_names": "abc"},
    {"class_names": ["a"]}, {"interpolation": "nearest"}, {"more": 1}, {"library": None},
    {"accuracy": 2}, {"templates": ["a"]}, {"crop": -1}, {"model_kwargs": []},
]  # fmt: skip


@pytest.mark.parametrize("facts", FACTS, ids=str)
def test_every_fact_has_a_type_and_bounds(bundle, facts):
    edit(bundle, **facts)
    with pytest.raises(InputError) as told:
        lorvp.load(bundle)
    assert len(str(told.value).splitlines()) == 1


BROKEN_JSON = {
    "nested": "[" * 100_000,
    "twice": '{"library": "timm", "library": "timm"}',
    "NaN": '{"crop": NaN}',
    "infinite": '{"crop": -Infinity}',
    "huge": '{"crop": ' + "9" * 5000 + "}",
    "UTF-16": "{}".encode("utf-16"),
    "NUL": "\0",
    "BOM": "\ufeff{}",
    "surrogate": '{"library": "\\ud800"}',
}


@pytest.mark.parametrize("name", ["trial.json", "network/manifest.json"])
@pytest.mark.parametrize("text", BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_json_that_readers_would_not_agree_on_is_refused(bundle, name, text):
    content = text if isinstance(text, bytes) else text.encode()
    (bundle / name).write_bytes(content)
    with pytest.raises(InputError):
        lorvp.load(bundle)


@pytest.mark.parametrize("name", ["trial.json", "weights.safetensors", "network/manifest.json",
                                  "network/weights.safetensors"])  # fmt: skip
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda p: os.symlink("/dev/zero", p),
                                  lambda p: os.symlink(p, p)])  # fmt: skip
def test_what_is_no_plain_file_is_not_read(bundle, name, make):
    (bundle / name).unlink()
    make(bundle / name)
    with pytest.raises(InputError):
        lorvp.load(bundle)


def test_a_bundle_passes_on_no_other_file(bundle, tmp_path):
    (tmp_path / "secret").write_text("key")
    for name in ("more", "network/more"):
        (bundle / name).symlink_to(tmp_path / "secret")
    bundles.bundle(bundle, tmp_path / "again")
    files = {str(p.relative_to(tmp_path / "again")) for p in (tmp_path / "again").rglob("*")}
    assert files == {
        "README.md", "trial.json", "weights.safetensors", "history.json", "predictions.parquet",
        "network", "network/manifest.json", "network/weights.safetensors",
    }  # fmt: skip


def test_links_are_not_uploaded(bundle, tmp_path, calls):
    (bundle / "README.md").unlink()
    (bundle / "README.md").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match=r"README\.md is a link"):
        bundles.push(bundle, "me/mine")
    assert calls == []


def put(record: dict, key: str, value) -> None:
    *outer, last = key.split(".")
    for part in outer:
        record = record[part]
    record[last] = value


RECORDS = [
    ("identity.settings.method.rank", 10**9), ("identity.settings.method.kind", "os"),
    ("identity.settings.method", None), ("identity.settings.mapping.more", 1),
    ("identity.settings", []), ("identity.settings.seed", "0"), ("task.class_names", []),
    ("task.class_names", ["a"]), ("task.class_names", [1, 2, 3]), ("task.view", {"size": 10**9}),
    ("task.view", "x"), ("task.dataset", "../x"), ("network.name", "/"), ("network", None),
    ("network.weights_sha256", "0"), ("summary.val_accuracy", "1"), ("summary", {}),
    ("environment", {}), ("name", ["x"]), ("identity.format", "2"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), RECORDS, ids=str)
def test_every_key_of_a_signed_record_has_a_type(bundle, key, value):
    changed = record(bundle)
    put(changed, key, value)
    settle(bundle, changed)
    with pytest.raises(InputError) as told:
        lorvp.load(bundle)
    assert str(bundle) in str(told.value)
    assert len(str(told.value).splitlines()) == 1


def test_a_record_whose_settings_are_not_those_of_its_fingerprint_is_refused(bundle):
    changed = record(bundle)
    changed["identity"]["settings"]["seed"] = 7
    sign(bundle, changed)
    with pytest.raises(InputError, match="its fingerprint is not that of its settings"):
        lorvp.load(bundle)


TENSORS = {
    "NaN": lambda t: {k: v * torch.nan if v.is_floating_point() else v for k, v in t.items()},
    "infinite": lambda t: {k: v + torch.inf if v.is_floating_point() else v for k, v in t.items()},
    "int8": lambda t: {k: v.to(torch.int8) for k, v in t.items()},
    "double": lambda t: {k: v.double() for k, v in t.items()},
    "another shape": lambda t: {k: v[:1] for k, v in t.items()},
    "fewer": lambda t: dict(list(t.items())[:1]),
    "more": lambda t: t | {"more": torch.zeros(1)},
    "outside": lambda t: {k: v if v.is_floating_point() else v + 10**6 for k, v in t.items()},
}


@pytest.mark.parametrize("change", TENSORS.values(), ids=TENSORS)
def test_tensors_that_are_not_the_prompts_are_refused(bundle, change):
    path = bundle / "weights.safetensors"
    save_file(change(load_file(path)), path)
    settle(bundle, record(bundle))
    with pytest.raises(InputError) as told:
        lorvp.load(bundle)
    assert str(bundle) in str(told.value)


def test_what_is_no_safetensors_file_is_refused_whatever_its_checksum(bundle):
    (bundle / "weights.safetensors").write_bytes(b"\x80\x04cos\nsystem\n")
    settle(bundle, record(bundle))
    with pytest.raises(InputError, match=r"weights\.safetensors is damaged"):
        lorvp.load(bundle)


@pytest.mark.parametrize("change", [lambda v: v * torch.nan, torch.Tensor.half, torch.Tensor.char])
def test_a_frozen_network_is_numbers_of_the_right_type(bundle, change):
    path = bundle / "network/weights.safetensors"
    weights = load_file(path)
    name = min(weights)
    save_file(weights | {name: change(weights[name])}, path)
    edit(bundle, weights_sha256=sha256(path))
    changed = record(bundle)
    changed["network"]["weights_sha256"] = sha256(path)
    settle(bundle, changed)
    with pytest.raises(InputError, match=rf"does not fit test_vit: {name}"):
        lorvp.load(bundle)


@pytest.mark.parametrize("name", ["head.weight", "norm.weight"])
def test_weights_that_lead_to_no_number_give_no_answer(bundle, name):
    path = bundle / "network/weights.safetensors"
    weights = load_file(path)
    weights[name].view(-1)[0] = 3e38
    save_file(weights, path)
    edit(bundle, weights_sha256=sha256(path))
    changed = record(bundle)
    changed["network"]["weights_sha256"] = sha256(path)
    settle(bundle, changed)
    classifier = lorvp.load(bundle)
    for predict in (classifier.predict, classifier.predict_readable):
        with pytest.raises(InputError, match="the network answers with NaN"):
            predict([np.zeros((16, 16, 3), np.uint8)])
