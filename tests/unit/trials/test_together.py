"""Trials that are run side by side have the results that they have alone."""

import dataclasses

import pytest

from lorvp.errors import InputError
from lorvp.mappings.frequency import IlmConfig
from lorvp.mappings.linear import FmConfig
from lorvp.networks.frozen import FrozenNetwork
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.training.epoch import Epoch
from lorvp.trials.course import Wish
from lorvp.trials.result import Result
from lorvp.trials.resume import ResumeFile
from lorvp.trials.run import build, run, run_together
from tests.support.tiny import TARGET_NAMES, dataset, tiny_network, trial

EPOCHS = 4
TRIALS = [
    trial(FullConfig(), FmConfig(), seed=3, epochs=EPOCHS, lr=0.2),
    trial(LorVpConfig(rank=2), IlmConfig(), epochs=EPOCHS, lr=0.1, schedule="cosine"),
    trial(
        AdaViProConfig(width=2, side=8, hidden=3), FmConfig(), epochs=2, optimizer="sgd",
        lr=0.1, augmentation={"flip": True, "crop_scale": 0.5, "trivial": True},
    ),
]  # fmt: skip


class Stop(BaseException):
    """As a kill would end all of them, but in this process."""


class CancelledError(Exception):
    """The user wants no more of one trial."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return dataset(tmp_path_factory.mktemp("data") / "noise", train=24, val=12, test=15)


@pytest.fixture(params=[False, True], ids=["one by one", "as one batch"])
def network(request) -> FrozenNetwork:
    found = tiny_network()
    model = build(TRIALS[0], found, TARGET_NAMES)
    model.network.joins = request.param
    return found


def together(wishes, network, data) -> dict[int, Result | Exception]:
    found: dict[int, Result | Exception] = {}
    for ended in run_together(wishes, network, data, width=4):
        assert not ended.keys() & found.keys(), "each ends once"
        found |= ended
    return found


def alone(wanted, network, data) -> Result:
    """In a group of the same width, as a GPU would fill it up."""
    found = together([Wish(wanted)], network, data)[0]
    assert isinstance(found, Result)
    return found


def assert_same(found: object, expected: Result) -> None:
    assert isinstance(found, Result)
    for name, tensor in expected.state.items():
        assert found.state[name].numpy().tobytes() == tensor.numpy().tobytes(), name
    timeless = [
        [dataclasses.replace(e, seconds=0, wall_seconds=0) for e in result.history]
        for result in (found, expected)
    ]
    assert timeless[0] == timeless[1]
    assert found.predictions().equals(expected.predictions())
    summaries = [dict(r.summary, seconds=0, wall_seconds=0) for r in (found, expected)]
    assert summaries[0] == summaries[1]


def test_three_trials_have_the_results_that_each_has_alone(network, data):
    found = together([Wish(wanted) for wanted in TRIALS], network, data)
    assert found.keys() == {0, 1, 2}
    for number, wanted in enumerate(TRIALS):
        assert_same(found[number], alone(wanted, network, data))


def test_on_a_cpu_that_is_what_run_gives(data):
    found = together([Wish(wanted) for wanted in TRIALS], tiny_network(), data)
    for number, wanted in enumerate(TRIALS):
        assert_same(found[number], run(wanted, tiny_network(), data))


def test_each_trial_is_heard_of_when_it_ends(data):
    """The last one has half as many epochs."""
    wishes = [Wish(wanted) for wanted in TRIALS]
    ends = [list(ended) for ended in run_together(wishes, tiny_network(), data, width=3)]
    assert ends == [[], [2], [], [0, 1]]


@pytest.mark.parametrize("stop", range(EPOCHS))
def test_stopped_in_mid_run_they_end_with_the_same_bits(network, data, tmp_path, stop):
    """Before the state of that epoch is kept in the second trial, and after it is in the first."""
    heard: list[list[Epoch]] = [[], [], []]

    def wishes(stopping: bool) -> list[Wish]:
        def on_epoch(number: int, epoch: Epoch) -> None:
            heard[number].append(epoch)
            if stopping and (number, epoch.epoch) == (1, stop):
                raise Stop

        return [
            Wish(
                wanted,
                on_epoch=lambda epoch, number=number: on_epoch(number, epoch),
                resume=ResumeFile(tmp_path / str(number)),
            )
            for number, wanted in enumerate(TRIALS)
        ]

    with pytest.raises(Stop):
        together(wishes(stopping=True), network, data)
    found = together(wishes(stopping=False), network, data)
    for number, wanted in enumerate(TRIALS):
        assert_same(found[number], alone(wanted, network, data))
    assert [e.epoch for e in heard[0]] == [0, 1, 2, 3], "nothing of the first is trained again"
    assert [e.epoch for e in heard[1]] == [*range(stop + 1), *range(stop, EPOCHS)]


def test_a_trial_that_is_cancelled_leaves_the_others(network, data):
    def cancel(epoch: Epoch) -> None:
        if epoch.epoch == 1:
            raise CancelledError

    wishes = [Wish(TRIALS[0]), Wish(TRIALS[1], on_epoch=cancel), Wish(TRIALS[2])]
    found = together(wishes, network, data)
    assert isinstance(found[1], CancelledError)
    for number in (0, 2):
        assert_same(found[number], alone(TRIALS[number], network, data))


def test_a_trial_that_cannot_be_built_is_named_before_the_others_are_trained(network, data):
    broken = trial(LorVpConfig(rank=1000), FmConfig(), epochs=EPOCHS)
    wishes = [Wish(TRIALS[0]), Wish(broken), Wish(TRIALS[2])]
    first, *_ = run_together(wishes, network, data, width=4)
    assert isinstance(first[1], InputError)
    assert "rank 1000" in str(first[1])
    assert_same(together(wishes, network, data)[0], alone(TRIALS[0], network, data))
