"""Prompts that leave the project: in a network's own weights, as graphs, and in bundles."""

import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch.nn import functional as F

import lorvp
from lorvp.deployment import bundle, graphs
from lorvp.deployment.fold import with_mapping, with_prompt
from lorvp.errors import InputError
from lorvp.training.determinism import make_repeatable
from tests.support.tiny import TARGETS

onnxruntime = pytest.importorskip("onnxruntime", reason="uv sync --group dev")
MAPPINGS = ["ilm", "lp", "fm", "blm"]
STATIC = ["lor_vp", "full", "pad"]


def canvases(number: int = 5) -> torch.Tensor:
    return torch.rand(number, 3, 32, 32, generator=torch.Generator().manual_seed(3))


def by_formula(classifier, canvas_BCHW: torch.Tensor) -> torch.Tensor:
    """mapping(network((canvas + prompt - mean) / std)), each image alone."""
    model = classifier.model
    mean, std = (torch.tensor(v)[:, None, None] for v in ([0.4, 0.5, 0.6], [0.2, 0.3, 0.4]))
    rows = []
    with torch.no_grad():
        for canvas_CHW in canvas_BCHW:
            prompt_BCHW = model.added(canvas_CHW[None])
            x_BCHW = (canvas_CHW[None] + prompt_BCHW - mean) / std
            network = model.network.original
            hidden = network.forward_features(x_BCHW)
            reads_features = model.mapping.reads == "features"
            rows.append(model.mapping(network.forward_head(hidden, pre_logits=reads_features)))
    return torch.cat(rows)


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("method", STATIC)
@pytest.mark.parametrize("network", ["vit", "resnet"])
def test_prompt_and_mapping_disappear_in_the_weights(project, network, method, mapping):
    classifier = lorvp.load(project.train(network, method, mapping)[0])
    model = classifier.model
    before = {k: v.clone() for k, v in model.network.original.state_dict().items()}
    made = with_mapping(with_prompt(model), model.mapping)
    mean, std = model.network.mean_C11, model.network.std_C11
    found = made((canvases() - mean) / std)
    expected = by_formula(classifier, canvases())
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert expected.std() > 1e-3
    after = model.network.original.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (("resnet", "adavipro", "lp"), "each image has a prompt of its own"),
        (("vit", "vpt", "lp"), "works inside the network"),
        (("resnet", "full_finetune", "lp"), "works inside the network"),
    ],
    ids=str,
)
def test_what_cannot_be_folded_says_why(project, kind, why):
    with pytest.raises(InputError, match=why):
        with_prompt(lorvp.load(project.train(*kind)[0]).model)


@pytest.mark.parametrize("mapping", ["ilm", "lp"])
def test_plain_timm_loads_a_prompted_transformer(project, tmp_path, mapping):
    classifier = lorvp.load(project.train("vit", "lor_vp", mapping)[0])
    bundle.to_timm(classifier, tmp_path / "plain")
    made = timm.create_model(f"local-dir:{tmp_path / 'plain'}", pretrained=True).eval()
    config = made.pretrained_cfg
    mean, std = (torch.tensor(config[key])[:, None, None] for key in ("mean", "std"))
    with torch.no_grad():
        found = made((canvases() - mean) / std)
    torch.testing.assert_close(found, by_formula(classifier, canvases()), rtol=1e-5, atol=1e-5)
    assert made.num_classes == TARGETS
    assert list(config["label_names"]) == ["class 0", "class 1", "class 2"]
    assert tuple(config["input_size"]) == (3, 32, 32)
    with pytest.raises(InputError, match="plain is there already"):
        bundle.to_timm(classifier, tmp_path / "plain")


def test_a_convolutional_network_cannot_become_plain_timm(project, tmp_path):
    classifier = lorvp.load(project.train("resnet", "lor_vp", "lp")[0])
    with pytest.raises(InputError, match="export it as onnx or torch"):
        bundle.to_timm(classifier, tmp_path / "plain")
    assert not (tmp_path / "plain").exists()


def allow_tf32(allowed: bool) -> None:
    """As most programs still say it, which torch lets them with a warning."""
    with warnings.catch_warnings(action="ignore"):
        torch.backends.cudnn.allow_tf32 = allowed


@pytest.fixture
def told_before(at_first, request) -> Iterator[list[tuple[Any, str]]]:
    """What somebody has told torch of the precision of float32 numbers, and what it is then."""
    request.param()
    yield [(part, part.fp32_precision) for part, _ in at_first]
    allow_tf32(True)  # as torch starts with it


def nobody() -> None: ...


def by_the_older_name() -> None:
    allow_tf32(False)


GRAPHS = [
    (("vit", "lor_vp", "ilm"), nobody),
    (("resnet", "lor_vp", "lp"), by_the_older_name),
    (("resnet", "adavipro", "fm"), make_repeatable),
    (("vit", "vpt", "lp"), nobody),
    (("resnet", "full_finetune", "lp"), make_repeatable),
]


@pytest.mark.parametrize(("kind", "told_before"), GRAPHS, indirect=["told_before"])
def test_graphs_answer_as_the_classifier_for_any_number_of_images(
    project, tmp_path, kind, told_before
):
    """Whatever precision torch is in, also after training, and it computes in it afterwards."""
    classifier = lorvp.load(project.train(*kind)[0])
    with torch.inference_mode():
        images = (255 * canvases(7)).round()
        expected = classifier(images.permute(0, 2, 3, 1).to(torch.uint8)).numpy()
    graphs.write_torch(classifier, tmp_path / "graph.pt2")
    graphs.write_onnx(classifier, tmp_path / "graph.onnx")
    ran = torch.export.load(tmp_path / "graph.pt2").module()
    session = onnxruntime.InferenceSession(tmp_path / "graph.onnx")
    for number in (1, 7):
        given = images[:number] / 255
        found = ran(given).detach().numpy()
        np.testing.assert_allclose(found, expected[:number], rtol=1e-4, atol=1e-4)
        (onnx,) = session.run(["logits"], {"images": given.numpy()})
        np.testing.assert_allclose(onnx, expected[:number], rtol=1e-4, atol=1e-4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graph.onnx", "graph.pt2"]
    assert [(part, part.fp32_precision) for part, _ in told_before] == told_before
    assert torch.get_float32_matmul_precision() == "highest"  # raises if parts disagree


ALONE = """
import sys
for name in ("prefect", "dvc", "wandb"):
    sys.modules[name] = None
import lorvp
answers = lorvp.load(sys.argv[1]).predict(sys.argv[2:])
print([(answer.name, answer.confidence) for answer in answers])
"""


def test_a_bundle_answers_in_another_process_without_the_pipeline(project, pictures, tmp_path):
    folder, _, result = project.train("resnet", "adavipro", "ilm")
    bundle.bundle(folder, tmp_path / "given away")
    command = [sys.executable, "-c", ALONE, str(tmp_path / "given away"), *map(str, pictures)]
    # Sums over several threads have other last bits.
    threads = {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    environment = os.environ | {"PYTHONPATH": str(Path(lorvp.__file__).parents[1])} | threads
    out = subprocess.check_output(command, cwd=tmp_path, text=True, env=environment)
    names = [f"class {k}" for k in result.test.predicted_N.tolist()]
    assert eval(out) == list(zip(names, result.test.confidence_N.tolist(), strict=True))
    card = (tmp_path / "given away/README.md").read_text()
    assert f"{result.summary['test_accuracy']:.2%}" in card
    assert "library_name: lorvp" in card


def test_softmax_is_what_confidence_means(project):
    classifier = lorvp.load(project.train("vit", "lor_vp", "lp")[0])
    image = project.digits.split("test").images_NHWC[0]
    (answer,) = classifier.predict([image.numpy()])
    with torch.inference_mode():
        assert answer.confidence == float(F.softmax(classifier(image[None]), 1).max())
