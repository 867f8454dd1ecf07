"""Lanes that end early, diverge or fail, and what the others see of it: nothing."""

from dataclasses import dataclass, field

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from lorvp.mappings.frequency import IlmConfig
from lorvp.mappings.linear import FmConfig
from lorvp.networks.frozen import FrozenNetwork
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.vpt import VptConfig
from lorvp.training.epoch import Epoch
from lorvp.training.lanes import Lanes
from lorvp.training.totals import DivergedError
from lorvp.training.trainer import Training
from lorvp.trials.run import build
from tests.support.tiny import TARGET_NAMES, images, tiny_network, training, trial

TRAIN, VAL = images(10, seed=1), images(5, seed=2)
METHODS, MAPPINGS = [FullConfig(), LorVpConfig(rank=2)], [FmConfig(), IlmConfig()]
EPOCHS = 3


class BrokenError(Exception):
    """What goes wrong in a lane's own part."""


@dataclass
class Shared:
    """A network of all lanes, which computes them one by one or, as on a GPU, as one batch."""

    joins: bool
    network: FrozenNetwork = field(default_factory=tiny_network)


def new(seed: int, shared: Shared, **settings) -> Training:
    torch.manual_seed(seed)
    wanted = trial(METHODS[seed % 2], MAPPINGS[seed // 2 % 2])
    model = build(wanted, shared.network, TARGET_NAMES)
    model.network.joins = shared.joins
    given = {"epochs": EPOCHS, "batch_size": 4, "lr": 0.05} | settings
    return Training(model, TRAIN, VAL, training(**given))


def run(trainings: list[Training], width: int = 4) -> dict[int, list[Epoch | Exception]]:
    """What each lane recorded or ended with, epoch by epoch."""
    lanes, found = Lanes(trainings, width), {number: [] for number in range(len(trainings))}
    while lanes.running:
        for lane, outcome in lanes.epoch().items():
            found[trainings.index(lane)].append(outcome)
    return found


def values(training: Training) -> dict[str, bytes]:
    return {key: t.numpy().tobytes() for key, t in training.model.trained_state().items()}


@pytest.fixture(params=[False, True], ids=["one by one", "as one batch"])
def network(request) -> Shared:
    return Shared(request.param)


def alone(seed: int, network: Shared) -> dict[str, bytes]:
    training = new(seed, network)
    run([training])
    return values(training)


def test_a_lane_that_diverges_is_named_with_epoch_and_step_and_leaves_the_others(network):
    lanes = [new(0, network), new(1, network, optimizer="sgd", lr=1e6), new(2, network)]
    found = run(lanes)
    said = r"^diverged in epoch [01], (step \d|validation).* \(lr 1e\+06; "
    assert isinstance(found[1][-1], DivergedError)
    with pytest.raises(DivergedError, match=said):
        raise found[1][-1]
    for number in (0, 2):
        assert [e.epoch for e in found[number]] == [0, 1, 2]
        assert values(lanes[number]) == alone(number, network)


@pytest.mark.parametrize("stage", ["fit", "mapping", "optimizer", "begin_epoch", "end_epoch"])
def test_a_lane_that_fails_anywhere_leaves_the_others(network, stage, monkeypatch):
    """In its second epoch, where it is in the middle."""
    lanes = [new(number, network) for number in range(3)]
    model = lanes[1].model
    places = {
        "fit": (model.prompt.fit, "forward"),
        "mapping": (model.mapping, "forward"),
        "optimizer": (lanes[1].optimizer, "step"),
        "begin_epoch": (model.mapping, "begin_epoch"),
        "end_epoch": (model.prompt, "end_epoch"),
    }
    place, name = places[stage]
    intact = getattr(place, name)

    def broken(*given):
        if lanes[1].epoch == 1:
            raise BrokenError
        return intact(*given)

    monkeypatch.setattr(place, name, broken)
    found = run(lanes)
    assert [type(outcome) for outcome in found[1]] == [Epoch, BrokenError]
    for number in (0, 2):
        assert values(lanes[number]) == alone(number, network)


def test_lanes_of_other_lengths_end_when_they_are_over(network):
    lanes = [new(0, network), new(1, network, epochs=1), new(2, network, epochs=2)]
    found = run(lanes)
    assert [len(found[number]) for number in range(3)] == [3, 1, 2]
    assert values(lanes[0]) == alone(0, network)


def test_memory_that_runs_out_is_nobodys_own(network, monkeypatch):
    lanes = [new(number, network) for number in range(3)]

    def broken(*given):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(lanes[1].model.mapping, "forward", broken)
    with pytest.raises(torch.OutOfMemoryError):
        Lanes(lanes, 4).epoch()


def test_random_numbers_that_lanes_would_take_from_each_other_are_refused(network, monkeypatch):
    lanes = [new(number, network) for number in range(3)]
    intact = lanes[1].model.prompt.fit.forward

    def drawing(*given):
        torch.rand(1)
        return intact(*given)

    monkeypatch.setattr(lanes[1].model.prompt.fit, "forward", drawing)
    with pytest.raises(RuntimeError, match=r"draws from torch's global generator.*inside_network"):
        Lanes(lanes, 4).epoch()


def test_what_reaches_inside_the_network_has_no_lanes_beside_it(network):
    torch.manual_seed(0)
    model = build(trial(VptConfig(tokens=2)), network.network, TARGET_NAMES)
    inside = Training(model, TRAIN, VAL, training(epochs=1, batch_size=4))
    with pytest.raises(AssertionError, match="trained alone"):
        Lanes([inside, new(0, network)], 4)
    assert Lanes([inside], 4).width == 1, "nor empty ones"


def test_time_is_shared_and_the_clock_is_not(network, monkeypatch):
    lanes = [new(number, network) for number in range(4)]
    found = Lanes(lanes, 4).epoch()
    for epoch in found.values():
        assert isinstance(epoch, Epoch)
    seconds = {e.seconds for e in found.values()}
    assert len(seconds) == 1
    (one,), (wall,) = seconds, {e.wall_seconds for e in found.values()}
    assert 0 < 4 * one < 20 * wall + 1


def launches(lanes: int, joins: bool) -> dict[str, int]:
    """Calls of the operations of which nearly all of the network's time consists, in an epoch."""
    network = Shared(joins)
    group = Lanes([new(4 * number, network, batch_size=10) for number in range(lanes)], lanes)
    group.epoch()
    for lane in group.running:
        lane.begin()
    with profile(activities=[ProfilerActivity.CPU]) as found:
        group.train()
    counts = {event.key: event.count for event in found.key_averages()}
    names = ("aten::gelu", "aten::gelu_backward", "mkldnn::_linear_pointwise")
    return {name: counts.get(name, 0) for name in names}


def test_eight_lanes_launch_the_network_as_often_as_one():
    assert launches(8, joins=True) == launches(1, joins=True)
    assert all(launches(1, joins=True).values())
    assert launches(8, joins=False)["aten::gelu"] == 8 * launches(1, joins=False)["aten::gelu"]


def test_one_lane_is_filled_up_to_the_same_size(network, monkeypatch):
    """So that a trial's bits do not depend on how many trials there happen to be."""
    lane, seen = new(0, network, epochs=1), []
    own = lane.model.network
    intact = own._run_piece
    monkeypatch.setattr(
        own, "_run_piece", lambda x, *given: seen.append(len(x)) or intact(x, *given)
    )
    run([lane], width=4)
    assert seen == ([16, 16, 8, 20] if network.joins else [4, 4, 2, 5])
