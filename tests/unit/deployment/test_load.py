"""A prompt that was trained comes back as a classifier, or it is said why not."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

import lorvp
from lorvp.errors import InputError
from lorvp.trials.verified import verified
from tests.support.bundles import sign, softmax

KINDS = [("vit", "lor_vp", "lp"), ("vit", "vpt", "fm"), ("resnet", "adavipro", "ilm"),
         ("resnet", "full_finetune", "lp"), ("resnet", "none", "ilm")]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_it_answers_bit_for_bit_as_it_did_when_it_was_tested(project, pictures, reference, kind):
    folder, _, result = project.train(*kind)
    classifier = lorvp.load(folder)
    answers = classifier.predict(pictures)
    names = [project.digits.class_names[k] for k in result.test.predicted_N.tolist()]
    assert [answer.name for answer in answers] == names
    assert [answer.confidence for answer in answers] == result.test.confidence_N.tolist()
    with torch.inference_mode():
        logits = classifier(project.digits.split("test").images_NHWC)
    assert torch.equal(logits, reference(*kind))
    expected = [float(softmax(row.double().numpy()).max()) for row in logits]
    assert [answer.confidence for answer in answers] == pytest.approx(expected, rel=1e-5)


def test_loading_leaves_the_random_numbers_of_the_caller_alone(project):
    folder, _, _ = project.train(*KINDS[0])
    before = torch.get_rng_state()
    classifier = lorvp.load(str(folder))
    assert torch.equal(torch.get_rng_state(), before)
    assert not classifier.training
    assert not any(parameter.requires_grad for parameter in classifier.parameters())


def test_images_can_be_files_pillow_images_or_arrays_of_any_size(project, pictures, tmp_path):
    classifier = lorvp.load(project.train(*KINDS[0])[0])
    arrays = [np.array(Image.open(path)) for path in pictures]
    opened = [Image.open(path) for path in pictures]
    expected = classifier.predict(pictures)
    assert classifier.predict(arrays) == classifier.predict(opened) == expected
    large = Image.open(pictures[0]).resize((64, 48), Image.Resampling.NEAREST)
    large.save(tmp_path / "large.png")
    assert classifier.read(tmp_path / "large.png").shape == (16, 16, 3)


def test_what_is_no_image_is_named(project, tmp_path):
    classifier = lorvp.load(project.train(*KINDS[0])[0])
    (tmp_path / "letter.png").write_text("Dear reader")
    with pytest.raises(InputError, match=r"letter\.png is no image that can be read"):
        classifier.predict([tmp_path / "letter.png"])
    with pytest.raises(InputError, match=r"absent\.png"):
        classifier.predict([tmp_path / "absent.png"])
    with pytest.raises(InputError, match=r"uint8.*float32.*\(2, 2, 3\)"):
        classifier.predict([np.zeros((2, 2, 3), dtype=np.float32)])


@pytest.fixture
def copy(project, tmp_path):
    """A prompt in a folder of another name, with its network elsewhere."""
    folder, _, _ = project.train(*KINDS[0])
    return shutil.copytree(folder, tmp_path / "copy/of/mine")


def test_the_network_is_known_by_its_weights_wherever_it_lies(project, copy):
    with pytest.raises(InputError, match=r"trained on vit \(random weights\), whose weights"):
        lorvp.load(copy)
    assert lorvp.load(copy, project.data / "checkpoints").class_names == (
        "class 0",
        "class 1",
        "class 2",
    )
    shutil.copytree(project.data / "checkpoints/resnet", copy / "network")
    with pytest.raises(InputError, match="neither in"):
        lorvp.load(copy)
    shutil.rmtree(copy / "network")
    shutil.copytree(project.data / "checkpoints/vit", copy / "network")
    assert lorvp.load(copy)


@pytest.mark.parametrize("name", ["weights.safetensors", "history.json", "trial.json"])
def test_a_damaged_prompt_is_refused(copy, name):
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        lorvp.load(copy)


def test_a_folder_without_a_prompt_is_named(tmp_path):
    with pytest.raises(InputError, match=r"holds no trained prompt: it has no trial\.json"):
        lorvp.load(tmp_path)
    with pytest.raises(InputError, match="absent"):
        lorvp.load(tmp_path / "absent")


def test_another_format_is_told_with_both_versions(copy):
    record = json.loads((copy / "trial.json").read_text())
    record["identity"]["format"], record["environment"]["lorvp"] = 99, "7.0"
    sign(copy, record)
    assert verified(copy)
    said = rf"written by lorvp 7\.0 in format 99; lorvp {lorvp.__version__} reads format 2"
    with pytest.raises(InputError, match=said):
        lorvp.load(copy)
