"""Training a small source network: the same bits every time, and an honest accuracy."""

import pytest
import torch

from lorvp.errors import InputError
from lorvp.networks.sources import trained
from lorvp.networks.sources.trained import TrainedConfig
from tests.support.tiny import TARGETS, dataset


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return dataset(tmp_path_factory.mktemp("data") / "noise", train=20, val=3, test=30)


def config(**settings) -> TrainedConfig:
    plain = {"dataset": "noise", "architecture": "test_resnet", "epochs": 2, "batch_size": 8}
    return TrainedConfig(**(plain | settings))


def same(first, second) -> bool:
    one, two = first.state_dict(), second.state_dict()
    return one.keys() == two.keys() and all(torch.equal(one[key], two[key]) for key in one)


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(data):
    first = trained.train(config(), data)
    torch.rand(5)  # what was drawn before does not matter
    assert same(first, trained.train(config(), data))
    assert not same(first, trained.train(config(seed=1), data))


def test_it_learns_and_is_handed_over_in_evaluation_mode(data):
    network = trained.train(config(epochs=8, lr=0.01), data)
    assert not any(part.training for part in network.modules())
    assert network.num_classes == TARGETS
    assert trained.accuracy(network, data.split("train"), config()) > 0.9


@pytest.mark.parametrize("architecture", ["test_resnet", "test_vit"])
def test_no_step_waits_for_the_device(data, architecture, monkeypatch):
    """The meta device has no values, so that nothing can be read from it; and row numbers go over
    once for each epoch."""
    wanted, sent = config(architecture=architecture, patch=None, epochs=3), []
    to = torch.Tensor.to

    def watched(tensor, *where, **how):
        if where == (torch.device("meta"),) and tensor.dtype == torch.int64 and tensor.ndim == 1:
            sent.append(len(tensor))
        return to(tensor, *where, **how)

    monkeypatch.setattr(torch.Tensor, "to", watched)
    network = trained.train(wanted, data, "meta")
    assert {tensor.device.type for tensor in network.state_dict().values()} == {"meta"}
    labels, rows = 20, 16  # of two whole batches
    assert sent == [labels, rows, rows, rows]


def test_accuracy_is_the_share_of_images_named_rightly(data):
    network = trained.train(config(epochs=1), data)
    test = data.split("test")
    right = 0
    for image_HWC, label in zip(test.images_NHWC, test.labels_N, strict=True):
        # The images are 16x16; 32x32 is the size the network was made for.
        x_1CHW = image_HWC.permute(2, 0, 1)[None] / 255
        x_1CHW = torch.nn.functional.interpolate(
            x_1CHW, size=(32, 32), mode="bilinear", antialias=True
        )
        with torch.no_grad():
            right += int(network((x_1CHW - 0.5) / 0.5).argmax()) == int(label)
    assert trained.accuracy(network, test, config()) == pytest.approx(right / 30)


def test_a_batch_larger_than_the_dataset_is_refused(data):
    with pytest.raises(InputError, match=r"batch_size.* 20 "):
        trained.train(config(batch_size=21), data)


def test_a_transformer_is_trained_with_the_patches_and_the_size_asked_for(data):
    wanted = config(architecture="test_vit", input_size=48, patch=8, epochs=1)
    network = trained.train(wanted, data)
    assert network.patch_embed.patch_size == (8, 8)
    assert network.patch_embed.img_size == (48, 48)
    assert 0 <= trained.accuracy(network, data.split("test"), wanted) <= 1


def test_patches_that_do_not_tile_the_input_are_refused(data):
    with pytest.raises(InputError, match="side 5 do not tile an input of 32x32"):
        trained.train(config(architecture="test_vit", patch=5), data)
