"""Trials that are trained side by side in one process: each with its own end, log and bits."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.training.totals import DivergedError
from lorvp.trials.finish import ChangedError
from lorvp.trials.store import TrialStore
from tasks.jobs import Job
from tasks.settings import TrackingConfig
from tasks.worker import group as module
from tasks.worker import lane
from tasks.worker.failures import Busy, WorkerDied
from tasks.worker.group import begin, go_on, train_group
from tasks.worker.lane import Group
from tasks.worker.log import log_file
from tests.support.jobs import job_of
from tests.support.tiny import trial
from tests.support.training_alone import train_and_store
from tests.support.worker_trials import Heard

DIVERGES = {"lr": 1e6, "optimizer": {"kind": "sgd", "weight_decay": 1e6}}


@pytest.fixture
def heard(monkeypatch) -> dict[str, Heard]:
    """The tracker of each trial, by its fingerprint."""
    found: dict[str, Heard] = {}

    @contextmanager
    def track(job, tracking, log, earlier):
        mine = found.setdefault(job.fingerprint, Heard())
        log.info("tracker of %s", job.fingerprint)
        yield mine
        log.info("end of tracker of %s", job.fingerprint)

    monkeypatch.setattr(lane, "track", track)
    return found


def make(seed: int, epochs: int = 3, rank: int = 2, **settings) -> Job:
    return job_of(trial(LorVpConfig(rank=rank), seed=seed, epochs=epochs, **settings))


def group(*jobs: Job, width: int = 3) -> Group:
    return Group(jobs, "cpu", TrackingConfig(), width)


def trained(*jobs: Job) -> dict[str, dict | Exception]:
    found: dict[str, dict | Exception] = {}
    for ended in train_group(group(*jobs)):
        assert not found.keys() & ended.keys(), "a trial ends once"
        found |= ended
    return found


def results(*jobs: Job) -> list[list[bytes]]:
    """Weights, predictions and epochs of each, which are removed from the store."""
    found = []
    for job in jobs:
        folder = TrialStore(job.store).folder(job.fingerprint)
        history = json.loads((folder / "history.json").read_text())
        plain = [row | {"seconds": 0, "wall_seconds": 0} for row in history]
        files = [folder / name for name in ("weights.safetensors", "predictions.parquet")]
        found.append([*(file.read_bytes() for file in files), json.dumps(plain).encode()])
        shutil.rmtree(folder)
    return found


def alone(*jobs: Job) -> list[list[bytes]]:
    for job in jobs:
        train_and_store(job, "cpu", TrackingConfig())
        log_file(job.fingerprint).unlink()
    return results(*jobs)


@pytest.fixture
def three(job) -> list[Job]:
    """Of other lengths, with other methods and seeds."""
    return [make(0, 3), make(1, 2, rank=1), make(2, 4)]


def test_side_by_side_they_end_with_the_bits_of_each_alone_and_each_when_it_is_done(three, heard):
    expected = alone(*three)
    order = [set(ended) for ended in train_group(group(*three)) if ended]
    assert order == [{three[n].fingerprint} for n in (1, 0, 2)]
    assert results(*three) == expected
    assert len({tuple(one) for one in expected}) == 3


@pytest.mark.parametrize("where", ["identity", "loss", "tracker", "summary", "store", "state"])
def test_one_that_fails_leaves_the_others_their_bits(three, heard, where, monkeypatch):
    expected = alone(three[0], three[2])
    bad, error, said = failing(where, heard, monkeypatch)
    seen = []
    for ended in train_group(group(three[0], bad, three[2])):
        seen += ended
        if bad.fingerprint in ended:
            assert type(ended[bad.fingerprint]) is error
            assert said in str(ended[bad.fingerprint])
            assert set(seen) == {bad.fingerprint}, "it ends when it fails, and alone"
            assert_unlocked(bad)
    assert set(seen) == {one.fingerprint for one in (three[0], bad, three[2])}
    assert results(three[0], three[2]) == expected
    assert not TrialStore(bad.store).holds(bad.fingerprint)
    told = log_file(bad.fingerprint).read_text()
    assert f"ERROR   {error.__name__}: " in told
    assert ("Traceback" in told) == (error in (ConnectionError, OSError))
    for other in (three[0], three[2]):
        assert "ERROR" not in log_file(other.fingerprint).read_text()


def failing(where: str, heard, monkeypatch) -> tuple[Job, type[Exception], str]:
    """A trial that fails there, and how."""
    if where == "loss":
        return make(5, 2, **DIVERGES), DivergedError, "diverged in epoch 0"
    bad = make(5, 2)
    if where == "identity":
        return dataclasses.replace(bad, identity=make(6).identity), ChangedError, "settings changed"
    if where == "tracker":
        heard[bad.fingerprint] = Heard(stop=0)
        return bad, ConnectionError, "the tracker's server is gone"
    if where == "summary":
        heard[bad.fingerprint] = failed = Heard()
        monkeypatch.setattr(failed, "summary", lambda summary: fail())
    if where == "store":
        put = TrialStore.put
        monkeypatch.setattr(
            TrialStore,
            "put",
            lambda self, name, files: fail() if name == bad.fingerprint else put(self, name, files),
        )
    if where == "state":
        save = lane.Spoken.save
        monkeypatch.setattr(
            lane.Spoken,
            "save",
            lambda self, state: (
                fail() if self.fingerprint == bad.fingerprint else save(self, state)
            ),
        )
    return bad, OSError, "Input/output error"


def fail() -> None:
    raise OSError(5, "Input/output error")


def assert_unlocked(job: Job) -> None:
    TrialStore(job.store).lock(job.fingerprint).acquire(blocking=False)


def test_each_log_has_its_own_trials_lines(three, heard):
    bad = make(5, 2, **DIVERGES)
    jobs = [*three[:2], bad]
    found = trained(*jobs)
    for one in jobs:
        told = log_file(one.fingerprint).read_text()
        others = {job.fingerprint for job in jobs} - {one.fingerprint}
        assert not [name for name in others if name in told], told
        assert told.count("tracker of") == (1 if one is bad else 2)
        epochs = 0 if one is bad else one.point.trial.training.epochs
        assert told.count(": loss ") == epochs == len(heard[one.fingerprint].epochs)
        assert told.count("network: ") == (one is not bad)
    assert heard[three[0].fingerprint].summaries == [found[three[0].fingerprint]["summary"]]  # type: ignore[index]


def test_what_stops_all_of_them_is_in_each_log_once_and_all_go_on_from_there(
    three, heard, monkeypatch
):
    expected = alone(*three)
    epochs = 0

    def stops(self, *given):
        nonlocal epochs
        epochs += 1
        if epochs == 4:
            raise MemoryError("in the second epoch")
        return real(self, *given)

    real = lane.Lane._on_epoch
    with monkeypatch.context() as patch:
        patch.setattr(lane.Lane, "_on_epoch", stops)
        with pytest.raises(MemoryError, match="in the second epoch"):
            trained(*three)
    for one in three:
        told = log_file(one.fingerprint).read_text()
        assert told.count("ERROR   MemoryError: in the second epoch") == 1
        assert told.count("Traceback") == 1
        assert_unlocked(one)
        assert TrialStore(one.store).resume(one.fingerprint).path.exists()
    heard.clear()
    assert not [one for one in trained(*three).values() if isinstance(one, Exception)]
    assert results(*three) == expected
    assert [len(heard[one.fingerprint].epochs) for one in three] == [2, 1, 3], "none twice"


def test_one_that_another_process_trains_is_left_out(three, heard):
    held = TrialStore(three[1].store).lock(three[1].fingerprint)
    with FileLock(held.lock_file):
        found = trained(*three)
    assert type(found[three[1].fingerprint]) is Busy
    assert three[1].point.name in str(found[three[1].fingerprint])
    assert not log_file(three[1].fingerprint).exists()
    assert [type(found[three[n].fingerprint]) for n in (0, 2)] == [dict, dict]
    assert_unlocked(three[1])


def test_a_finished_one_is_known_at_once(three, heard):
    record = train_and_store(three[1], "cpu", TrackingConfig())
    first, *_ = train_group(group(*three))
    assert first == {three[1].fingerprint: record}


def test_reports_come_when_a_trial_ends_or_a_second_is_over(three, heard, monkeypatch):
    now = iter(range(0, 10_000, 2))
    with monkeypatch.context() as patch:
        patch.setattr(module.time, "monotonic", lambda: next(now))
        report = begin(group(*three))
        seen = [report]
        while seen[-1].more:
            seen.append(go_on())
    ended = [set(report.ended) for report in seen]
    names = [one.fingerprint for one in three]
    assert [one for one in ended if one] == [{names[1]}, {names[0]}, {names[2]}]
    assert len([one for one in ended if not one]) > 2, "the run looks at its clock"
    start = time.monotonic()
    again = begin(group(*three))
    assert set(again.ended) == set(names)
    assert time.monotonic() - start < 1, "it does not wait for the second to be over"
    assert not go_on().more


def test_a_new_group_takes_the_place_of_one_that_was_given_up(three, heard):
    begin(group(three[0], three[1]))
    assert begin(group(three[2])).more
    for one in three[:2]:
        assert_unlocked(one)
    while go_on().more:
        pass
    assert TrialStore(three[2].store).holds(three[2].fingerprint)


def test_a_process_without_a_group_says_so():
    module._running.clear()
    with pytest.raises(WorkerDied, match="between two epochs") as told:
        go_on()
    assert not told.value.memory


class OddError(Exception):
    def __init__(self, name: str, number: int) -> None:
        super().__init__(f"{name} {number}")


def test_an_error_that_cannot_be_sent_is_told_as_it_is(three, heard, monkeypatch):
    def broken(*given):
        raise OddError("layer", 7)
        yield

    monkeypatch.setattr(module, "finish_together", broken)
    with pytest.raises(RuntimeError, match="OddError: layer 7") as told:
        begin(group(*three))
    assert type(told.value) is RuntimeError
    assert module._running == []


def test_memory_of_torch_is_told_as_it_is(three, heard, monkeypatch):
    def broken(*given):
        raise torch.OutOfMemoryError("CUDA out of memory")
        yield

    monkeypatch.setattr(module, "finish_together", broken)
    with pytest.raises(torch.OutOfMemoryError):
        begin(group(*three))


def test_tools_of_this_test_can_tell_bits_apart(job, heard):
    """Another seed gives other bits; the same seed gives the same."""
    one, other = make(0), make(1)
    assert alone(one) == alone(make(0)) != alone(other)
    assert Path("store").is_dir()
