"""A trial that is stopped in any epoch, and goes on, is the trial that was never stopped."""

import dataclasses

import pytest
import torch

from lorvp.mappings.frequency import IlmConfig, IlmOnlineConfig
from lorvp.mappings.linear import LpConfig
from lorvp.mappings.selection import IdentityConfig
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.trials.result import Result
from lorvp.trials.resume import ResumeFile
from lorvp.trials.run import run
from tests.support.tiny import dataset, tiny_network, trial

EPOCHS = 4
TRIALS = {
    "a prompt": trial(FullConfig(), LpConfig(), seed=3, epochs=EPOCHS, lr=0.2),
    "counts before each epoch": trial(FullConfig(), IlmConfig(), epochs=EPOCHS, lr=0.2),
    "counts in each step": trial(FullConfig(), IlmOnlineConfig(), epochs=EPOCHS, lr=0.2),
    "sampled regions": trial(
        AdaViProConfig(width=2, side=8, hidden=3), epochs=EPOCHS, optimizer="sgd", lr=0.1
    ),
    "random crops and a falling rate": trial(
        epochs=EPOCHS, schedule="cosine", augmentation={"flip": True, "enlarge": 2, "trivial": True}
    ),
    "remembered outputs": trial(NoneConfig(), LpConfig(), epochs=EPOCHS, lr=0.05),
    "tested in every epoch": trial(FullConfig(), epochs=EPOCHS, lr=0.2, test_every_epoch=True),
}
every_trial = pytest.mark.parametrize("name", TRIALS)


class Stop(Exception):  # noqa: N818 - nothing went wrong
    """As a kill would end the trial, but in this process."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return dataset(tmp_path_factory.mktemp("data") / "noise", train=24, val=12, test=15)


def stopped_in(epoch: int, wanted, data, resume: ResumeFile) -> list[int]:
    """Train until ``epoch`` is heard of; the epochs that were heard of."""
    heard: list[int] = []

    def on_epoch(told) -> None:
        heard.append(told.epoch)
        if told.epoch == epoch:
            raise Stop

    with pytest.raises(Stop):
        run(wanted, tiny_network(), data, on_epoch=on_epoch, resume=resume)
    return heard


def assert_same(found: Result, expected: Result) -> None:
    """Every bit, and every number but times."""
    assert found.state.keys() == expected.state.keys()
    for name, tensor in expected.state.items():
        assert found.state[name].numpy().tobytes() == tensor.numpy().tobytes(), name
    assert [dataclasses.replace(e, seconds=0, wall_seconds=0) for e in found.history] == [
        dataclasses.replace(e, seconds=0, wall_seconds=0) for e in expected.history
    ]
    assert found.predictions().equals(expected.predictions())
    without_time = [dict(r.summary, seconds=0, wall_seconds=0) for r in (found, expected)]
    assert without_time[0] == without_time[1]


@every_trial
def test_stopped_in_any_epoch_it_ends_with_the_same_bits(data, tmp_path, name):
    """Stopped before the state of ``epoch`` is kept, so that this one is trained again."""
    wanted = TRIALS[name]
    expected = run(wanted, tiny_network(), data)
    for epoch in range(EPOCHS):
        resume = ResumeFile(tmp_path / str(epoch))
        assert stopped_in(epoch, wanted, data, resume) == list(range(epoch + 1))
        torch.rand(17)  # what another trial draws meanwhile
        heard = []
        again = run(wanted, tiny_network(), data, on_epoch=heard.append, resume=resume)
        assert [e.epoch for e in heard] == list(range(epoch, EPOCHS))
        assert_same(again, expected)


@every_trial
def test_stopped_in_every_epoch_it_ends_with_the_same_bits(data, tmp_path, name):
    wanted, resume = TRIALS[name], ResumeFile(tmp_path / "state")
    heard = [stopped_in(epoch, wanted, data, resume) for epoch in range(EPOCHS)]
    assert heard == [[0], [0, 1], [1, 2], [2, 3]], "never more than the last one again"
    assert_same(run(wanted, tiny_network(), data, resume=resume), run(wanted, tiny_network(), data))


@every_trial
def test_stopped_after_its_last_epoch_it_trains_nothing_again(data, tmp_path, name, monkeypatch):
    """Such as by a disk that is full when the result is to be stored."""
    wanted, resume = TRIALS[name], ResumeFile(tmp_path / "state")
    expected = run(wanted, tiny_network(), data, resume=resume)
    again = run(wanted, tiny_network(), data, on_epoch=pytest.fail, resume=resume)
    assert_same(again, expected)
    for name in ("seconds", "wall_seconds"):
        trained = sum(getattr(e, name) for e in expected.history)
        assert again.summary[name] == pytest.approx(trained, abs=1)


def best_epochs(data) -> dict[int, int]:
    """A seed for each place that the best epoch can have."""
    found: dict[int, int] = {}
    for seed in range(12):
        best = run(noisy(seed), tiny_network(), data).summary["best_epoch"]
        found.setdefault(int(best), seed)
    return found


def noisy(seed: int):
    """A rate so high that validation accuracy goes up and down."""
    return trial(FullConfig(), seed=seed, epochs=EPOCHS, lr=0.4)


def test_the_best_epoch_may_lie_before_or_after_the_stop(data, tmp_path):
    seeds = best_epochs(data)
    assert {0, 1, 2} <= seeds.keys(), "cases of all kinds"
    for best, seed in seeds.items():
        resume = ResumeFile(tmp_path / str(seed))
        stopped_in(2, noisy(seed), data, resume)
        found = run(noisy(seed), tiny_network(), data, resume=resume)
        assert found.summary["best_epoch"] == best
        assert_same(found, run(noisy(seed), tiny_network(), data))


def test_the_published_habit_looks_at_all_epochs_and_not_only_the_last_ones(data, tmp_path):
    """The best test epoch of these lies before the stop."""
    seen = {}
    for seed in range(12):
        wanted = trial(FullConfig(), seed=seed, epochs=EPOCHS, lr=0.4, test_every_epoch=True)
        resume = ResumeFile(tmp_path / str(seed))
        whole = run(wanted, tiny_network(), data, resume=resume)
        seen[seed] = resume.load()["best"]["published"]
        assert len(seen[seed]) == EPOCHS
        assert whole.summary["test_accuracy_of_best_test_epoch"] == max(seen[seed])
        resume.forget()
        stopped_in(EPOCHS - 1, wanted, data, resume)
        assert_same(run(wanted, tiny_network(), data, resume=resume), whole)
    early = [seed for seed, accuracies in seen.items() if max(accuracies[:-1]) > accuracies[-1]]
    assert early, "cases in which the last epoch is not the best"


@pytest.mark.parametrize("mapping", [IdentityConfig(), IlmConfig()], ids=str)
def test_a_trial_without_anything_to_train_goes_on_as_well(data, tmp_path, mapping):
    wanted, resume = trial(NoneConfig(), mapping, epochs=EPOCHS), ResumeFile(tmp_path / "state")
    expected = run(wanted, tiny_network(), data)
    assert len(expected.history) == 1
    assert stopped_in(0, wanted, data, resume) == [0]
    assert resume.load() is None
    assert_same(run(wanted, tiny_network(), data, resume=resume), expected)
    assert_same(run(wanted, tiny_network(), data, on_epoch=pytest.fail, resume=resume), expected)


def test_a_damaged_state_costs_the_epochs_and_not_the_trial(data, tmp_path, caplog):
    wanted, resume = TRIALS["a prompt"], ResumeFile(tmp_path / "state")
    stopped_in(2, wanted, data, resume)
    resume.path.write_bytes(resume.path.read_bytes()[:-1])
    heard = []
    found = run(wanted, tiny_network(), data, on_epoch=heard.append, resume=resume)
    assert [e.epoch for e in heard] == [0, 1, 2, 3]
    assert_same(found, run(wanted, tiny_network(), data))
    assert "the trial starts over" in caplog.text
