"""A prompt in transformers' own pipeline, with the image processor that its bundle describes."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F
from transformers import AutoImageProcessor, pipeline

import lorvp
from lorvp.datasets.pixels.view import View
from lorvp.deployment import bundle
from lorvp.deployment.for_transformers import for_transformers
from lorvp.deployment.image_processor import FILE, processor_config
from lorvp.errors import InputError


def test_the_pipeline_answers_as_the_classifier(project, pictures, tmp_path, caplog):
    bundle.bundle(project.train("resnet", "lor_vp", "lp")[0], tmp_path / "bundle")
    classifier = lorvp.load(tmp_path / "bundle")
    model = for_transformers(classifier)
    processor = AutoImageProcessor.from_pretrained(tmp_path / "bundle")
    pipe = pipeline("image-classification", model=model, image_processor=processor)
    found = pipe([str(path) for path in pictures], top_k=3)
    expected = classifier.predict(pictures)
    assert len(found) == len(pictures)
    for labels, answer in zip(found, expected, strict=True):
        assert (labels[0]["label"], len(labels)) == (answer.name, 3)
        assert labels[0]["score"] == pytest.approx(answer.confidence, abs=1e-6)
    assert not caplog.records


def test_it_has_logits_names_and_a_loss(project):
    classifier = lorvp.load(project.train("resnet", "lor_vp", "lp")[0])
    model, images_BHWC = for_transformers(classifier), project.digits.split("test").images_NHWC
    with torch.inference_mode():
        logits_BK = classifier(images_BHWC)
        labels_B = logits_BK.argmin(1)
        out = model(pixel_values=images_BHWC.permute(0, 3, 1, 2) / 255, labels=labels_B)
    assert torch.equal(out.logits, logits_BK)
    assert out.loss == F.cross_entropy(logits_BK, labels_B)
    assert model.config.id2label == dict(enumerate(classifier.class_names))
    with pytest.raises(InputError, match="`lorvp export` saves a prompt"):
        model.save_pretrained("anywhere")


@pytest.mark.parametrize(
    "view",
    [
        View(size=32),
        View(size=24, interpolation="bicubic"),
        View(size=32, resize="crop"),
        View(size=48, resize="crop", crop=1, interpolation="bicubic"),
    ],
    ids=str,
)
@pytest.mark.parametrize("size", [(40, 61), (61, 40), (32, 32), (20, 24)])
def test_the_processor_sees_what_the_prompt_was_trained_on(tmp_path, view, size):
    """Within a grey level of the project's own way to store an image."""
    (tmp_path / FILE).write_text(json.dumps(processor_config(view)))
    processor = AutoImageProcessor.from_pretrained(tmp_path)
    waves = np.add.outer(np.arange(size[0]) * 5, np.arange(size[1]) * 3)
    image = np.stack([waves, 255 - waves, waves // 2], 2).astype(np.uint8)
    found = processor(images=Image.fromarray(image), return_tensors="pt")["pixel_values"][0]
    expected = torch.from_numpy(view.apply(image).copy()).permute(2, 0, 1)
    assert found.shape == expected.shape
    assert (found * 255 - expected).abs().max() < 1.01


def test_without_a_view_images_keep_their_size(tmp_path):
    (tmp_path / FILE).write_text(json.dumps(processor_config(None)))
    processor = AutoImageProcessor.from_pretrained(tmp_path)
    image = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
    found = processor(images=Image.fromarray(image), return_tensors="pt")["pixel_values"][0]
    assert torch.equal((found * 255).round(), torch.from_numpy(image).permute(2, 0, 1))
