"""A real ImageNet network on real images, where ``LORVP_REAL_DATA`` names the folder with both.

Expected are figures that were measured on the same files without this project.
"""

import os
from pathlib import Path

import pytest

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
    """45.2 % were measured with 1,000 images to count on and 500 to test on."""
    data = stored(tmp_path / "cifar", Cifar10Config(root=str(ROOT), shots=100, val_shots=4))
    trial = {"dataset": "a", "network": "b", "method": "none", "mapping": "flm"}
    result = run(Trial.model_validate(trial), network, data)
    assert result.summary["test_accuracy"] == pytest.approx(0.45, abs=0.05)
    chosen = result.state["mapping.source_KM"][:, 0].tolist()
    names = dict(zip(data.class_names, (network.class_names[s] for s in chosen), strict=True))
    print(names)
    assert len(set(chosen)) == 10
    assert names["ship"] in ("speedboat", "container ship", "liner", "fireboat")
    assert names["horse"] == "sorrel"
