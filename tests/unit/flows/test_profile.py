"""A profile trains as many trials side by side as a run would."""

import pytest

from flows.profile import headline, lanes, report
from lorvp.experiment.trial import Point, Trial
from lorvp.networks.sources.trained import TrainedConfig
from lorvp.performance.flops import PerImage
from lorvp.performance.profile import Profile
from tasks.settings import ComputeConfig

FOUR = ComputeConfig(lanes=4)
NAMES = ["c", "d"]


def trial(**parts) -> Trial:
    rest = {"dataset": "a", "network": "b", "method": "lor_vp", "mapping": "lp"}
    return Trial.model_validate(rest | parts)


@pytest.fixture(scope="module")
def manifest():
    config = TrainedConfig(dataset="letters", architecture="test_vit", input_size=64)
    return config.sketch(["a", "b"])[0]


@pytest.mark.parametrize(
    ("parts", "number"),
    [
        ({}, 4),
        ({"method": {"kind": "pad", "width": 4}, "mapping": "ilm"}, 4),
        ({"method": "none"}, 1),  # the network's outputs are computed once
        ({"method": "vpt"}, 1),  # acts inside the network
        ({"method": "full_finetune"}, 1),
    ],
)
def test_those_share_the_network_that_a_run_lets_share_it(manifest, parts, number):
    assert lanes(trial(**parts), manifest, NAMES, FOUR, "cpu") == number
    assert lanes(trial(**parts), manifest, NAMES, ComputeConfig(), "cpu") == 1


def test_the_headline_says_how_many():
    point = Point(trial(), "lor_vp r=4", "lp", "")
    assert headline(point, 1) == "lor_vp r=4 · lp · a · seed 0, fp32, batch 64"
    assert headline(point, 8) == "lor_vp r=4 · lp · a · seed 0, fp32, batch 64, 8 side by side"


def test_the_report_says_what_a_gpu_held():
    image = PerImage(look=1e9, step=2e9, once=0, values=1)
    on_gpu, here = (Profile(10.0, 10.0, None, peak) for peak in (3_210_000_000, None))
    assert report(on_gpu, image, 20.0).startswith("at most 3.21 GB of the GPU\n10.0 images/s, ")
    assert report(here, image, 20.0).startswith("10.0 images/s, 10.0 images per core-second: 50%")
