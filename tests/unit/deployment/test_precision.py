"""What is classified after training is computed as it was trained: precision, and no compiler."""

from __future__ import annotations

import json
import shutil

import pytest
import torch

import lorvp
from lorvp.deployment.load import load
from lorvp.networks.acceleration import engine as engines
from lorvp.networks.acceleration.precision import BACKENDS, computing_in
from tests.support.bundles import settle

PARTS = {"convolutions": lambda: BACKENDS.cudnn.conv, "products": lambda: BACKENDS.cuda.matmul}


def kept() -> dict[str, str]:
    """What a GPU would keep of float32 numbers now."""
    return {name: part().fp32_precision for name, part in PARTS.items()}


@pytest.fixture
def trained_in(project, tmp_path):
    """A bundle of a trial whose record says that it was trained so."""

    def make(**training):
        folder = shutil.copytree(project.train("vit", "lor_vp", "lp")[0], tmp_path / "prompt")
        shutil.copytree(project.data / "checkpoints/vit", folder / "network")
        record = json.loads((folder / "trial.json").read_text())
        record["identity"]["settings"]["training"] |= training
        settle(folder, record)
        return folder

    return make


@pytest.mark.parametrize(("precision", "wanted"), [("tf32", "tf32"), ("fp32", "ieee")])
@pytest.mark.parametrize("outside", ["fp32", "tf32"])
def test_the_network_computes_in_the_precision_of_the_trial(
    trained_in, pictures, precision, wanted, outside
):
    with computing_in(outside):
        before = kept()
        classifier = load(trained_in(precision=precision))
        assert kept() == before
        seen: list[dict[str, str]] = []
        for module in classifier.model.modules():
            module.register_forward_pre_hook(lambda *_: seen.append(kept()))
        classifier.predict(pictures[:1])
        by_predict = len(seen)
        with torch.inference_mode():
            classifier(torch.zeros(1, 16, 16, 3, dtype=torch.uint8))
        assert kept() == before
    assert by_predict > 5, "the network's layers were asked"
    assert len(seen) > by_predict
    assert all(found == dict.fromkeys(PARTS, wanted) for found in seen)


def test_the_answers_do_not_depend_on_the_precision_that_is_set_outside(project, pictures):
    folder = project.train("vit", "lor_vp", "lp")[0]
    classifier = lorvp.load(folder)
    alone = classifier.predict(pictures)
    with computing_in("tf32"):
        assert lorvp.load(folder).predict(pictures) == classifier.predict(pictures) == alone


@pytest.mark.parametrize("mode", ["auto", "off", "default"])
def test_loading_compiles_nothing(trained_in, pictures, monkeypatch, mode):
    """As on a GPU, where ``auto`` would find the network large enough."""
    monkeypatch.setattr(engines, "compiled", lambda *_: pytest.fail("compiles"))
    asked = []

    def chosen(mode, network):
        asked.append(mode)
        return ("default" if mode != "off" else None), None

    monkeypatch.setattr(engines, "chosen", chosen)
    load(trained_in(compile=mode)).predict(pictures[:1])
    assert asked == ["off"]
