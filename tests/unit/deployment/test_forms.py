"""What is written is told by its ending, and a graph's file says what it reads and gives."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from typer.testing import CliRunner

import lorvp
from lorvp.cli.commands import app
from lorvp.cli.give import Form as Typed
from lorvp.datasets.pixels.view import View
from lorvp.deployment.forms import Form, form_of
from lorvp.deployment.metadata import read_metadata
from lorvp.errors import InputError
from lorvp.images import resized

KIND = ("resnet", "lor_vp", "lp")
SAID = {
    "view": {"size": 16, "resize": "squash", "crop": 0.875, "interpolation": "bilinear",
             "upright": True},
    "fit": {"kind": "Resize", "interpolation": "bilinear"},
    "input_size": [32, 32],
    "channels": "RGB",
    "layout": "NCHW",
    "values": [0, 1],
    "mean_and_std": "in the graph",
}  # fmt: skip


@pytest.fixture(scope="module")
def exported(project, tmp_path_factory) -> Path:
    """A folder with a file of each ending."""
    folder, prompt = tmp_path_factory.mktemp("exported"), project.train(*KIND)[0]
    for name in ("model.onnx", "model.pt2"):
        done = CliRunner().invoke(app, ["export", str(prompt), str(folder / name)])
        assert (done.exit_code, done.output.splitlines()[-1]) == (0, str(folder / name))
    return folder


@pytest.mark.parametrize("name", ["model.onnx", "model.pt2"])
def test_a_graph_says_its_classes_and_what_it_reads(exported, project, name):
    found = read_metadata(exported / name)
    assert found == {"class_names": list(project.digits.class_names), "preprocessing": SAID}


def test_they_are_there_for_those_who_have_no_lorvp(exported, project):
    session = onnxruntime.InferenceSession(exported / "model.onnx")
    texts = session.get_modelmeta().custom_metadata_map
    assert json.loads(texts["class_names"]) == list(project.digits.class_names)
    extra = {"class_names": "", "preprocessing": ""}
    torch.export.load(exported / "model.pt2", extra_files=extra)
    assert json.loads(extra["preprocessing"]) == SAID
    assert json.loads(extra["class_names"]) == list(project.digits.class_names)


def test_whoever_does_what_it_says_gets_the_classifiers_answer(exported, project):
    """For an image of another size."""
    image_HWC = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    said = read_metadata(exported / "model.onnx")["preprocessing"]
    stored_1HWC = torch.from_numpy(View(**said["view"]).apply(image_HWC))[None]
    size, mode = tuple(said["input_size"]), said["fit"]["interpolation"]
    canvas_BCHW = resized(stored_1HWC, size, mode).float() / 255
    session = onnxruntime.InferenceSession(exported / "model.onnx")
    (found_BK,) = session.run(["logits"], {"images": canvas_BCHW.numpy()})
    classifier = lorvp.load(project.train(*KIND)[0])
    with torch.inference_mode():
        expected_BK = classifier(torch.from_numpy(classifier.read(image_HWC))[None]).numpy()
    np.testing.assert_allclose(found_BK, expected_BK, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "given", "form"),
    [
        ("mine", None, Form.bundle),
        ("model.onnx", None, Form.onnx),
        ("MODEL.ONNX", None, Form.onnx),
        ("model.pt2", None, Form.torch),
        ("mine", Form.timm, Form.timm),
        ("mine.v2", Form.bundle, Form.bundle),
        ("graph", Form.onnx, Form.onnx),
        ("graph.onnx", Form.onnx, Form.onnx),
    ],
)
def test_the_ending_says_the_form(name, given, form):
    assert form_of(Path(name), given) is form


@pytest.mark.parametrize("name", ["model.tflite", "model.pt", "mine.v2"])
def test_an_unknown_ending_is_refused_by_name(project, tmp_path, name):
    done = CliRunner().invoke(app, ["export", str(project.train(*KIND)[0]), str(tmp_path / name)])
    assert isinstance(done.exception, InputError)
    said = str(done.exception)
    assert said.startswith(f"{tmp_path / name}: nothing is exported with the ending")
    assert Path(name).suffix in said
    assert ".onnx and .pt2" in said
    assert not (tmp_path / name).exists()


def test_an_ending_that_contradicts_the_form_is_refused():
    with pytest.raises(InputError, match=r"model\.pt2 has the ending of the form torch, not of on"):
        form_of(Path("model.pt2"), Form.onnx)


def test_the_command_knows_all_forms():
    assert list(Typed) == list(Form)


@pytest.mark.parametrize("content", [b"", b"\x00\x01 no graph", b"PK\x03\x04"], ids=repr)
def test_what_is_no_graph_is_refused(tmp_path, content):
    (tmp_path / "x.onnx").write_bytes(content)
    with pytest.raises(InputError, match=r"x\.onnx (says nothing of|cannot be read)"):
        read_metadata(tmp_path / "x.onnx")
