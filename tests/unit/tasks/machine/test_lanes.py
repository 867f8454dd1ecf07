"""The number of lanes that a trial's device gets; torch is told which cards there are."""

from types import SimpleNamespace

import pytest
import torch

from lorvp.experiment.trial import Trial
from lorvp.networks.manifest import CheckpointManifest
from lorvp.networks.sources.trained import TrainedConfig
from lorvp.performance import memory
from tasks.machine import lanes
from tasks.machine.lanes import width
from tasks.settings import ComputeConfig

AUTO = ComputeConfig()
BYTES_OF_AN_IMAGE = 136_192
"""Of test_resnet at 32 pixels, in fp32."""


@pytest.fixture(scope="module")
def manifest() -> CheckpointManifest:
    config = TrainedConfig(dataset="letters", architecture="test_resnet", input_size=32)
    return config.sketch(["a", "b"])[0]


@pytest.fixture
def cards(monkeypatch):
    """Give torch cards with so many bytes each."""

    def install(**cards: int) -> None:
        def properties(device: str) -> SimpleNamespace:
            return SimpleNamespace(total_memory=cards[device.replace(":", "_")])

        monkeypatch.setattr(torch.cuda, "get_device_properties", properties)

    return install


def trial(**training) -> Trial:
    return Trial.model_validate({
        "dataset": "a", "network": "b", "method": "lor_vp", "mapping": "lp", "training": training,
    })  # fmt: skip


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_there_is_one_lane_where_there_is_no_nvidia_card(manifest, device):
    assert width(AUTO, trial(), manifest, device) == 1


@pytest.mark.parametrize("device", ["cpu", "mps", "cuda:0"])
def test_a_number_that_is_given_wins_and_no_card_is_asked(manifest, device):
    assert width(ComputeConfig(lanes=3), trial(batch_size=4096), manifest, device) == 3


def test_a_small_network_gets_2048_images_a_step(manifest, cards):
    cards(cuda_0=143 * 10**9)
    assert width(AUTO, trial(batch_size=64), manifest, "cuda:0") == 32
    assert width(AUTO, trial(batch_size=512), manifest, "cuda:0") == 4


def test_each_card_gets_what_its_memory_holds(manifest, cards):
    for_eight = 8 * 64 * BYTES_OF_AN_IMAGE / 0.6
    cards(cuda_0=int(1.01 * for_eight), cuda_1=int(0.99 * for_eight), cuda=int(2.02 * for_eight))
    found = {at: width(AUTO, trial(), manifest, at) for at in ("cuda:0", "cuda:1", "cuda")}
    assert found == {"cuda:0": 8, "cuda:1": 4, "cuda": 16}
    assert width(AUTO, trial(precision="bf16"), manifest, "cuda:1") == 8


def test_method_mapping_and_seed_have_no_say(manifest, cards):
    cards(cuda_0=143 * 10**9)
    other = {"method": {"kind": "pad", "width": 4}, "mapping": "ilm", "seed": 7}
    tried = Trial.model_validate({"dataset": "c", "network": "d"} | other)
    assert width(AUTO, tried, manifest, "cuda:0") == width(AUTO, trial(), manifest, "cuda:0")


def test_a_network_is_measured_once_whatever_its_weights(manifest, cards, monkeypatch):
    cards(cuda_0=143 * 10**9)
    lanes._load.cache_clear()
    measured = []
    real = memory.load
    monkeypatch.setattr(memory, "load", lambda network: measured.append(network) or real(network))
    for weights in ("0" * 64, "1" * 64):
        same = manifest.model_copy(update={"weights_sha256": weights})
        width(AUTO, trial(), same, "cuda:0")
    width(AUTO, trial(batch_size=512), manifest, "cuda:0")
    assert len(measured) == 1
