"""Every method with every mapping, trained as a lane on a GPU with repeatable kernels.

`uv run pytest tests/gpu`; some minutes and no network, where there is a CUDA device. Batches are
filled up to ``WIDTH`` lanes, as a worker's are, and each step is captured and replayed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import get_args

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from lorvp.experiment.trial import Trial
from lorvp.networks.acceleration.precision import computing_in, ieee_fp32, why_absent, why_slow
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries.timm_models import create
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.recipe import Precision
from lorvp.training.lanes import Lanes
from lorvp.training.model import PromptedNetwork
from lorvp.training.totals import DivergedError
from lorvp.training.trainer import Training
from lorvp.trials.company import company
from lorvp.trials.resume import ResumeFile
from lorvp.trials.run import build
from tests.contract.cases import CANVAS, PAIRS, SIZE, pair_name
from tests.support.layers import unlike_fresh
from tests.support.runs import without_seconds
from tests.support.tiny import MEAN, STD, TARGET_NAMES, ends, images, source_names, tiny_network
from tests.support.tiny import trial as tiny_trial

# As a worker has it: without it cuBLAS refuses to work with repeatable kernels.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")

DEVICE = torch.device("cuda")
WIDTH = 4
TRAIN, VAL, TEST = images(6, seed=1), images(2, seed=2), images(4, seed=3)
# As in tests/contract/test_training.py: Adam, and a placement that moves slowly.
SETTINGS = {"epochs": 2, "batch_size": 2, "lr": 0.01, "lr_placement": 1e-5}

pairs = pytest.mark.parametrize("pair", PAIRS, ids=pair_name)


def trial(pair, seed: int = 0, **changes) -> Trial:
    return tiny_trial(*pair, seed=seed, **SETTINGS | changes)


def has_company(pair) -> bytes | None:
    return company(trial(pair), CANVAS, ends())


SIDE_BY_SIDE = [pair for pair in PAIRS if has_company(pair) is not None]
"""Those that are not trained alone."""


@cache
def network() -> FrozenNetwork:
    """One object, since lanes share theirs."""
    return tiny_network(SIZE).to(DEVICE)


def started(wanted: Trial, frozen: FrozenNetwork, train=TRAIN) -> Training:
    torch.manual_seed(wanted.seed)
    model = build(wanted, frozen, TARGET_NAMES).to(DEVICE)
    return Training(model, train.to(DEVICE), VAL.to(DEVICE), wanted.training)


@dataclass(frozen=True)
class Ended:
    state: dict[str, Tensor]
    history: list[dict]


def ended(lane: Training) -> Ended:
    return Ended(model_of(lane).trained_state(), without_seconds(lane.history))


def model_of(lane: Training) -> PromptedNetwork:
    assert isinstance(lane.model, PromptedNetwork)
    return lane.model


def trained(lanes: Sequence[Training], replays: bool | None = None) -> Lanes:
    """All epochs of lanes in a batch of ``WIDTH``."""
    made = Lanes(lanes, WIDTH, replays)
    with computing_in(lanes[0].config.precision):
        while made.running:
            for lane, found in made.epoch().items():
                if isinstance(found, Exception):
                    raise AssertionError(f"lane {lanes.index(lane)} failed") from found
    return made


@cache
def alone(number: int) -> Ended:
    """The pair of that number, with no other lane in its batch."""
    lane = started(trial(PAIRS[number]), network())
    trained([lane])
    return ended(lane)


def assert_same(found: Ended, expected: Ended) -> None:
    assert found.history == expected.history
    assert found.state.keys() == expected.state.keys()
    apart = [key for key, tensor in expected.state.items() if not same(found.state[key], tensor)]
    assert apart == []


def same(first: Tensor, second: Tensor) -> bool:
    """To the last bit, a zero's sign included."""
    return first.numpy().tobytes() == second.numpy().tobytes()


@pairs
def test_the_same_bits_twice(pair):
    again = started(trial(pair), network())
    trained([again])
    assert_same(ended(again), alone(PAIRS.index(pair)))


@pytest.mark.parametrize("pair", SIDE_BY_SIDE, ids=pair_name)
def test_neighbours_and_the_place_in_the_batch_change_no_bit(pair):
    number = PAIRS.index(pair)
    later = PAIRS[number + 1 :] + PAIRS[:number]
    others = [other for other in later if has_company(other) == has_company(pair)][: WIDTH - 2]
    neighbours = [started(trial(other, seed), network()) for seed, other in enumerate(others, 1)]
    lane = started(trial(pair), network())
    trained([*neighbours, lane])
    assert_same(ended(lane), alone(number))


@pairs
def test_a_stopped_lane_goes_on_and_ends_with_the_same_bits(pair, tmp_path):
    stopped = started(trial(pair), network())
    with ieee_fp32():
        Lanes([stopped], WIDTH).epoch()
    # Before another seed moves torch's own generator.
    file = ResumeFile(tmp_path / "state")
    file.save(stopped.state())
    resumed = started(trial(pair, seed=99), network())
    saved = file.load()
    assert saved is not None
    resumed.load_state(saved)
    if not resumed.over:
        trained([resumed])
    assert_same(ended(resumed), alone(PAIRS.index(pair)))


@pairs
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype")
def test_each_step_is_one_launch_that_waits_for_nothing(pair):
    lane = started(trial(pair), network())
    if not lane.groups:
        pytest.skip("nothing is trained")
    lanes = Lanes([lane], WIDTH)
    outcome = lanes.epoch()
    assert not isinstance(outcome[lane], Exception), outcome
    assert lanes.account == {"steps": "each step is one launch"}
    lane.begin()
    torch.cuda.set_sync_debug_mode("error")
    try:
        lanes._passes["steps"].over(lane.sizes)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    loss, _ = lane.means()
    assert 0 < loss < 1e3


def test_replayed_steps_are_those_launched_singly():
    """Of 7 images the batches are 2, 2 and 3, so that two are captured."""
    pair, seven = SIDE_BY_SIDE[0], images(7, seed=1)
    replayed, singly = (started(trial(pair), network(), seven) for _ in range(2))
    assert replayed.sizes == [2, 2, 3]
    assert trained([replayed]).account == {"steps": "each step is one launch"}
    assert trained([singly], replays=False).account != {"steps": "each step is one launch"}
    found, expected = ended(replayed).state, ended(singly).state
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_a_lane_that_diverges_leaves_and_the_others_keep_their_bits():
    pair = SIDE_BY_SIDE[0]
    wild, lane = started(trial(pair, seed=5), network()), started(trial(pair), network())
    with torch.no_grad():
        next(wild.model.prompt.parameters()).fill_(torch.nan)
    lanes, failed = Lanes([wild, lane], WIDTH), {}
    with ieee_fp32():
        while lanes.running:
            failed |= {k: v for k, v in lanes.epoch().items() if isinstance(v, Exception)}
    assert list(failed) == [wild]
    assert isinstance(failed[wild], DivergedError)
    assert_same(ended(lane), alone(PAIRS.index(pair)))


def real(architecture: str) -> FrozenNetwork:
    torch.manual_seed(0)
    made = unlike_fresh(create(architecture, 7, (64, 64)))
    return FrozenNetwork(made, (64, 64), MEAN, STD, source_names(7)).to(DEVICE)


@pytest.mark.parametrize("precision", get_args(Precision))
@pytest.mark.parametrize("architecture", ["resnet18", "vit_tiny_patch16_224"])
def test_real_layers_keep_lanes_apart(architecture, precision):
    """Convolutions and attention, whose kernels are chosen by the shapes of their inputs."""
    if (why := why_absent(precision, DEVICE) or why_slow(precision, DEVICE)) is not None:
        pytest.skip(why)
    frozen = real(architecture)
    wanted = tiny_trial(LorVpConfig(), **SETTINGS | {"precision": precision})
    other = tiny_trial(FullConfig(), seed=1, **SETTINGS | {"precision": precision})
    lane, beside = started(wanted, frozen), started(wanted, frozen)
    trained([lane])
    trained([started(other, frozen), started(other, frozen), beside])
    assert_same(ended(beside), ended(lane))


def seen(model: PromptedNetwork) -> list[Tensor]:
    """Logits, and the gradients of their loss, as in evaluation."""
    logits_BK = model.eval()(TEST.images_NHWC.to(DEVICE))
    trained = [p for group in model.parameter_groups().values() for p in group]
    loss = F.cross_entropy(logits_BK, TEST.labels_N.to(DEVICE))
    found = torch.autograd.grad(loss, trained, allow_unused=True) if trained else ()
    return [logits_BK.detach(), *(t for t in found if t is not None)]


@pairs
def test_fp32_is_float64_but_for_rounding(pair):
    state = alone(PAIRS.index(pair)).state
    model = model_of(started(trial(pair), network()))
    model.load_trained_state(state)
    with ieee_fp32():
        found = seen(model)
    torch.set_default_dtype(torch.float64)
    try:
        exact = tiny_network(SIZE)
        exact.load_state_dict(network().state_dict())
        reference = model_of(started(trial(pair), exact.to(DEVICE)))
        reference.load_trained_state(state)
        expected = seen(reference)
    finally:
        torch.set_default_dtype(torch.float32)
    assert expected[0].dtype == torch.float64
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        # Where all classes have one source, gradients are zeros but for rounding.
        assert float((ours - theirs).abs().max()) < 1e-3 * float(theirs.abs().max()) + 1e-7
