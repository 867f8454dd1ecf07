"""Prompts on test images from elsewhere."""

import numpy as np
import pytest
import torch
from safetensors.torch import save

from lorvp.datasets import prepared
from lorvp.datasets.source import ImageArray, Source
from lorvp.datasets.write import write
from lorvp.errors import InputError
from lorvp.experiment.trial import Trial
from lorvp.networks.acceleration.precision import BACKENDS, computing_in
from lorvp.trials import distribution_shift
from lorvp.trials.distribution_shift import AmongClasses
from lorvp.trials.run import run
from tests.support.tiny import images, tiny_network, trial


class Known(torch.nn.Module):
    """Four classes; the logits are told by the first pixel's row of a table."""

    LOGITS = torch.tensor([[9.0, 1, 2, 3], [0, 9, 5, 6], [7, 8, 1, 2]])

    def forward(self, images_BHWC):
        return self.LOGITS[images_BHWC[:, 0, 0, 0].long()]


def test_the_answer_is_the_best_of_the_classes_there_are(tmp_path):
    pixels = np.zeros((3, 4, 4, 3), np.uint8)
    pixels[:, 0, 0, 0] = [0, 1, 2]
    none = np.zeros(0, np.int64)
    splits = {"train": none, "val": none, "test": np.arange(3)}
    # Its class 0 is the model's "d", its class 1 the model's "b".
    source = Source(ImageArray(pixels), np.array([0, 1, 0]), splits, ["d", "b"], "noise")
    write(tmp_path / "shifted", source)
    found, labels = distribution_shift.predict_among(
        Known(), list("abcd"), prepared.read(tmp_path / "shifted")
    )
    assert found.predicted_N.tolist() == [0, 1, 1]  # of (3, 1), (6, 9) and (2, 8)
    assert labels.tolist() == [0, 1, 0]
    assert found.accuracy(labels) == pytest.approx(2 / 3)
    wanted = torch.tensor([[3.0, 1], [6, 9], [2, 8]]).softmax(1).max(1).values
    torch.testing.assert_close(found.confidence_N, wanted)


def test_classes_that_nothing_was_learnt_of_are_named(tmp_path):
    found = images(4)
    none = np.zeros(0, np.int64)
    splits = {"train": none, "val": none, "test": np.arange(4)}
    source = Source(
        ImageArray(found.images_NHWC.numpy()), found.labels_N.numpy(), splits, list("abz"), "noise"
    )
    write(tmp_path / "shifted", source)
    with pytest.raises(InputError, match=r"shifted has 1 classes that the prompts .*: z"):
        distribution_shift.target_classes(list("abcd"), prepared.read(tmp_path / "shifted"))


def test_params_tell_of_sets_that_test_nothing(message):
    text = """
datasets:
  digits:
  drawings: {kind: folder_test, root: somewhere, of: pictures}
checkpoints: {net: {kind: trained, dataset: letters, architecture: test_resnet}}
grid: {one: {dataset: drawings, network: net, method: none, mapping: lp}}
""".replace("digits:\n", "digits: {kind: digits}\n  letters: {kind: letters}\n")
    told = message(text)
    assert "datasets.drawings.of: there is no dataset 'pictures' in this file" in told
    assert "grid.one.dataset: drawings has only test images" in told


def test_a_trial_has_no_name_for_a_shift():
    """What is tested on is no part of a trial, so that a new test set trains nothing."""
    assert not {"of", "shift"} & set(Trial.model_fields)


@pytest.mark.parametrize(("precision", "wanted"), [("tf32", "tf32"), ("fp32", "ieee")])
def test_it_is_measured_in_the_precision_of_the_trial(
    data, tmp_path, monkeypatch, precision, wanted
):
    """What a GPU would keep of float32 numbers, asked while the model computes."""
    asked = trial(precision=precision)
    network, seen = tiny_network(), []
    found = run(asked, network, data)
    (tmp_path / "weights.safetensors").write_bytes(save(found.state))
    monkeypatch.setattr(distribution_shift.checkpoint, "load", lambda folder: network)
    monkeypatch.setattr(AmongClasses, "forward", noting(AmongClasses.forward, seen))
    with computing_in("tf32" if precision == "fp32" else "fp32"):
        table = distribution_shift.measured(
            asked, tmp_path, tmp_path, data.class_names, data, "cpu"
        )
    assert table["predicted"].to_list() == found.test.predicted_N.tolist()
    assert set(seen) == {(wanted, wanted)}


def noting(forward, seen):
    def noted(self, images_BHWC):
        seen.append((BACKENDS.cudnn.conv.fp32_precision, BACKENDS.cuda.matmul.fp32_precision))
        return forward(self, images_BHWC)

    return noted
