"""A real ImageNet network on real images, where ``LORVP_REAL_DATA`` names the folder with both.

Expected is what was measured, or is computed here, from the same files without this project.
"""

import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from torchvision import transforms

from lorvp.datasets import prepared
from lorvp.datasets.adapters.cifar import Cifar10Config
from lorvp.datasets.adapters.imagenet import ImagenetSketchConfig
from lorvp.datasets.write import write
from lorvp.experiment.trial import Trial
from lorvp.networks import checkpoint
from lorvp.networks.sources.timm import TimmConfig
from lorvp.training.evaluation import predict
from lorvp.trials.run import build, run

ROOT = Path(os.environ.get("LORVP_REAL_DATA", "absent"))
WEIGHTS = ROOT / "weights/mobilenetv2_100.coral_ptq_in1k.safetensors"

pytestmark = pytest.mark.skipif(not WEIGHTS.exists(), reason="LORVP_REAL_DATA names no such folder")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    config = TimmConfig(
        name="mobilenetv2_100", file=str(WEIGHTS), model_kwargs={"pad_type": "same"}
    )
    made = config.make(folder)
    checkpoint.write(folder / "net", made.network, made.facts)
    return checkpoint.load(folder / "net")


def stored(folder, config):
    write(folder, config.source())
    return prepared.read(folder)


def test_a_thousand_imagenet_images_are_named_as_well_as_they_should_be(network, tmp_path):
    """Short side to 256 and its middle 224 pixels, bicubic: what the network was measured with.
    The images are a folder for each class, as ImageNet-Sketch's are."""
    config = ImagenetSketchConfig(
        root=str(ROOT / "imagenet-sample"), resize="crop", interpolation="bicubic"
    )
    data = stored(tmp_path / "imagenet", config)
    trial = {"dataset": "a", "network": "b", "method": "none", "mapping": "identity"}
    model = build(Trial.model_validate(trial), network, data.class_names)
    images = data.split("test")
    assert data.class_names == list(network.class_names)
    assert predict(model, images).accuracy(images.labels_N) == pytest.approx(0.885, abs=0.003)


def test_cifar_by_frequent_imagenet_classes(network, tmp_path):
    """As computed by timm, Pillow and a loop over the counts, on the same images to count on.

    Which 1,000 images are counted decides much: over 200 draws, 100 a class, the accuracy on these
    2,000 test images is 50.0 % on average, with a standard deviation of 2.6 points.
    """
    data = stored(tmp_path / "cifar", Cifar10Config(root=str(ROOT), shots=100, val_shots=4))
    trial = {"dataset": "a", "network": "b", "method": "none", "mapping": "flm"}
    result = run(Trial.model_validate(trial), network, data)
    expected = counted_by_hand(data.split("train").images_NHWC.numpy())
    assert result.state["mapping.source_KM"][:, 0].tolist() == expected.chosen
    # Pillow's grey levels are up to one or two away, which moves a few images over a border.
    assert result.summary["test_accuracy"] == pytest.approx(expected.accuracy, abs=0.005)
    named = [network.class_names[s] for s in expected.chosen]
    names = dict(zip(data.class_names, named, strict=True))
    assert names["horse"] == "sorrel"
    assert names["ship"] in ("speedboat", "container ship", "liner", "fireboat")
    assert expected.accuracy == pytest.approx(0.500, abs=4 * 0.026)


@dataclass
class Counted:
    chosen: list[int]
    """The source class of each target class."""
    accuracy: float


def counted_by_hand(counted_NHWC: np.ndarray) -> Counted:
    """Frequency label mapping from these images of CIFAR-10's training files."""
    plain = timm.create_model("mobilenetv2_100", checkpoint_path=str(WEIGHTS), pad_type="same")
    images, labels = cifar([f"data_batch_{n}" for n in range(1, 6)])
    label_of = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    counts_SK = np.zeros((1000, 10), int)
    for image, logits_S in zip(counted_NHWC, logits_of(plain, counted_NHWC), strict=True):
        counts_SK[logits_S.argmax(), label_of[image.tobytes()]] += 1
    chosen = [-1] * 10
    for _ in chosen:
        s, k = divmod(int(counts_SK.argmax()), 10)
        chosen[k], counts_SK[s], counts_SK[:, k] = s, -1, -1
    tests, test_labels = cifar(["test_batch"])
    right = logits_of(plain, tests)[:, chosen].argmax(1) == test_labels
    return Counted(chosen, float(right.mean()))


def cifar(files: list[str]) -> tuple[np.ndarray, np.ndarray]:
    found = [
        pickle.loads((ROOT / "cifar-10-batches-py" / file).read_bytes(), encoding="latin1")
        for file in files
    ]
    pixels_NCHW = np.concatenate([batch["data"] for batch in found]).reshape(-1, 3, 32, 32)
    return pixels_NCHW.transpose(0, 2, 3, 1), np.concatenate([batch["labels"] for batch in found])


@torch.inference_mode()
def logits_of(plain: torch.nn.Module, images_NHWC: np.ndarray) -> np.ndarray:
    """Logits of images that Pillow resizes and timm's own mean and deviation normalise."""
    cfg: Any = plain.eval().pretrained_cfg
    look: Any = transforms.Compose([
        transforms.Resize((224, 224), transforms.InterpolationMode.BICUBIC),
        transforms.ToTensor(),
        transforms.Normalize(cfg["mean"], cfg["std"]),
    ])  # fmt: skip
    parts = [
        plain(torch.stack([look(Image.fromarray(image)) for image in images_NHWC[at : at + 8]]))
        for at in range(0, len(images_NHWC), 8)
    ]
    return torch.cat(parts).numpy()
