"""Records and tensors of bundles from strangers, whose checksums are right: typed and bounded."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import lorvp
from lorvp.errors import InputError
from tests.support.bundles import put, record, settle, settle_network, sign

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
    settle_network(bundle)
    with pytest.raises(InputError, match=rf"does not fit test_vit: {name}"):
        lorvp.load(bundle)


@pytest.mark.parametrize("name", ["head.weight", "norm.weight"])
def test_weights_that_lead_to_no_number_give_no_answer(bundle, name):
    path = bundle / "network/weights.safetensors"
    weights = load_file(path)
    weights[name].view(-1)[0] = 3e38
    save_file(weights, path)
    settle_network(bundle)
    classifier = lorvp.load(bundle)
    for predict in (classifier.predict, classifier.predict_readable):
        with pytest.raises(InputError, match="the network answers with NaN"):
            predict([np.zeros((16, 16, 3), np.uint8)])
