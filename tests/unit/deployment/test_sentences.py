"""Mappings that were trained on sentences, where neither the sentences nor a text encoder are."""

import os
import shutil

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import lorvp
from lorvp.deployment import bundle, graphs
from lorvp.deployment.one_head import OneHead, in_one_head
from lorvp.mappings import base
from tests.support.bundles import record, settle
from tests.support.tiny import TARGETS

onnx = pytest.importorskip("onnx", reason="uv sync --extra onnx")
onnxruntime = pytest.importorskip("onnxruntime", reason="uv sync --group dev")
FEATURES, ONE_HEAD = 16, ["text", "prm", "rvp"]


def canvases() -> torch.Tensor:
    return (255 * torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(3))).round()


def asked(classifier) -> torch.Tensor:
    with torch.inference_mode():
        return classifier(canvases().permute(0, 2, 3, 1).to(torch.uint8))


@pytest.mark.parametrize("mapping", ["attrvr", "prm", "rvp"])
def test_a_bundle_needs_no_sentences(of_clip, tmp_path, monkeypatch, mapping):
    folder, _, result = of_clip.train("clip", "pad", mapping)
    bundle.bundle(folder, tmp_path / "mine")
    monkeypatch.chdir(tmp_path)  # where there are none
    classifier = lorvp.load("mine")
    kept = classifier.model.trained_state()
    assert kept.keys() == result.state.keys()
    assert all(torch.equal(kept[key], result.state[key]) for key in kept)
    assert asked(classifier).std() > 1e-3
    assert str(folder) not in (tmp_path / "mine/trial.json").read_text()
    assert "sentences.json" not in (tmp_path / "mine/trial.json").read_text()


@pytest.mark.parametrize(
    "mapping", ["attrvr", *(pytest.param(name, marks=pytest.mark.slow) for name in ONE_HEAD)]
)
def test_graphs_answer_as_the_classifier(of_clip, tmp_path, mapping):
    """And hold one matrix in place of the sentences, where the mapping is one."""
    classifier = lorvp.load(of_clip.train("clip", "lor_vp", mapping)[0])
    expected = asked(classifier).numpy()
    graphs.write_torch(classifier, tmp_path / "graph.pt2")
    graphs.write_onnx(classifier, tmp_path / "graph.onnx")
    ran = torch.export.load(tmp_path / "graph.pt2").module()
    np.testing.assert_allclose(ran(canvases() / 255).detach(), expected, rtol=1e-4, atol=1e-4)
    session = onnxruntime.InferenceSession(tmp_path / "graph.onnx")
    (found,) = session.run(None, {"images": (canvases() / 255).numpy()})
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert np.ptp(expected, axis=1).min() > 1e-3
    shapes = [list(t.dims) for t in onnx.load(tmp_path / "graph.onnx").graph.initializer]
    assert ([FEATURES, TARGETS] in shapes) == (mapping in ONE_HEAD)
    assert any(TARGETS * 20 in shape or 20 in shape for shape in shapes) == (mapping == "attrvr")


def test_the_head_of_rvp_is_its_equation_7(of_clip):
    mapping = lorvp.load(of_clip.train("clip", "pad", "rvp")[0]).model.mapping
    head = in_one_head(mapping, FEATURES)
    W1 = torch.block_diag(*mapping.within_KM.detach().softmax(1)[:, :, None])
    T = mapping.text_KMD.flatten(0, 1)
    expected_DK = mapping.scale * T.T @ W1 @ (torch.eye(TARGETS) + mapping.between_KK.detach())
    torch.testing.assert_close(head.weight_DK, expected_DK)
    assert mapping.between_KK.abs().max() > 1e-3, "it was trained"
    x_BD = torch.randn(4, FEATURES)
    torch.testing.assert_close(head(x_BD), F.normalize(x_BD, dim=1) @ expected_DK)


class Squared(base.Mapping):
    """No matrix, and right for all unit vectors and their sums of two."""

    reads = "features"

    def forward(self, outputs):
        return F.normalize(outputs, dim=1).square()


@pytest.mark.parametrize("made", [Squared(4), base.Mapping(3)], ids=["no matrix", "of logits"])
def test_what_is_no_matrix_stays_as_it_is(made):
    assert in_one_head(made, 4) is made


def test_one_head_of_a_linear_probe_stays_one(project):
    mapping = lorvp.load(project.train("vit", "pad", "lp")[0]).model.mapping
    assert in_one_head(mapping, mapping.linear.in_features) is mapping
    assert not isinstance(mapping, OneHead)


def test_a_strangers_path_is_not_read(of_clip, tmp_path):
    """Trained tensors take the place of what a file would have said; a pipe would never end."""
    os.mkfifo(tmp_path / "pipe")
    folder = shutil.copytree(of_clip.train("clip", "pad", "rvp")[0], tmp_path / "strange")
    changed = record(folder)
    changed["identity"]["settings"]["mapping"]["descriptions"] = str(tmp_path / "pipe")
    settle(folder, changed)
    assert asked(lorvp.load(folder, of_clip.data / "checkpoints")).isfinite().all()
