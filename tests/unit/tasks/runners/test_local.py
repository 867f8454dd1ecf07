"""Real worker processes that die, hang or run out of memory, and what becomes of their trials."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
import torch

from tasks.runners.local import Workers, workers
from tasks.runners.pool import prestarted_slots
from tasks.settings import ComputeConfig, TrackingConfig
from tasks.worker import failures
from tasks.worker import group as worker
from tasks.worker.failures import OutOfTime, Stopped, WorkerDied, worth_another_try
from tests.support import acting
from tests.support.acting import PATIENCE, job, wait_for


@pytest.fixture(autouse=True)
def acting_groups(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(worker, "begin", acting.begin)
    Path("vmstat").write_text("oom_kill 5\n")
    monkeypatch.setattr(failures, "VMSTAT", Path("vmstat"))


def train(team: Workers, does: str = "works") -> dict:
    return team.train(job(does), TrackingConfig())


def processes() -> list[psutil.Process]:
    """The worker processes of this one."""
    children = psutil.Process().children()
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def test_what_befalls_one_trial_leaves_the_others_alone(monkeypatch):
    """One team all the way, since a process takes seconds to start."""
    compute = ComputeConfig(workers=1, device="cpu", slow_precision=True)
    with prestarted_slots(compute, trials=5), workers(compute) as team:
        early = wait_for(processes)
        first = train(team)
        assert [first["pid"]] == [process.pid for process in early]
        assert (first["device"], first["halvings"], first["slow"]) == ("cpu", 0, True)
        assert first["threads"] == 1, "sums over threads differ in their last bits"
        assert first["repeatable"]
        assert first["deaf"], "Ctrl-C is for the run to see, which ends its workers"
        memory_runs_out(team)
        assert train(team) == first, "the process is as good as before"
        is_killed(team, "is killed", r"killed \(signal 9\)$")
        is_killed(team, "is too large", r"killed \(signal 9\) when memory ran out")
        second = train(team)
        assert second == first | {"pid": second["pid"]}
        assert second["pid"] != first["pid"]
        hangs(team, monkeypatch)
        wait_for(lambda: not psutil.pid_exists(second["pid"]))
        assert train(team)["pid"] != second["pid"]
    assert processes() == []
    assert team.halvings == {"needs much": 1, "is killed": 0, "is too large": 1, "hangs": 0}, (
        "other pieces of a batch give other last bits, so only for want of memory"
    )


def test_workers_that_were_started_early_for_nobody_end_with_the_block():
    with prestarted_slots(ComputeConfig(workers=3, device="cpu"), trials=1):
        assert len(wait_for(processes)) == 1, "no more than there are trials"
    assert processes() == []


def test_workers_that_were_started_early_for_other_devices_are_not_taken():
    with prestarted_slots(ComputeConfig(workers=2, device="cpu"), trials=0):
        team = Workers(ComputeConfig(workers=1, device="cpu"), ["cpu"], Path.cwd())
        assert len(team.slots) == 1
        team.end(at_once=True)


def test_a_warning_of_many_trials_is_told_once():
    told = []
    team = Workers(ComputeConfig(workers=1, device="cpu"), ["cpu"], Path.cwd(), told.append)
    for line in ("W&B does not answer", "the disk is slow", "W&B does not answer"):
        team.warn(line)
    team.end(at_once=True)
    assert told == ["W&B does not answer", "the disk is slow"]


def memory_runs_out(team: Workers) -> None:
    with pytest.raises(torch.OutOfMemoryError, match=r"Tried to allocate 2\.00 GiB") as told:
        train(team, "needs much")
    assert worth_another_try(told.value)
    assert train(team, "needs much")["halvings"] == 1


def is_killed(team: Workers, how: str, message: str) -> None:
    with pytest.raises(WorkerDied, match=message) as told:
        train(team, how)
    assert worth_another_try(told.value)


def hangs(team: Workers, monkeypatch) -> None:
    """While the clock on the wall jumps, as after a laptop's sleep: it does not count."""
    days, start = itertools.count(20_000), time.monotonic()
    with monkeypatch.context() as patch:
        patch.setattr(team, "compute", team.compute.model_copy(update={"time_limit": 0.02}))
        patch.setattr(time, "time", lambda: 86_400.0 * next(days))
        with pytest.raises(OutOfTime, match=r"after 0\.02 minutes \(compute.time_limit\)") as told:
            train(team, "hangs")
    assert time.monotonic() - start > 1.2
    assert worth_another_try(told.value)


def test_a_worker_may_die_without_a_trial_and_a_run_that_is_stopped_ends_it_at_once():
    seen: list = []
    with pytest.raises(KeyboardInterrupt):
        stopped_in_a_trial(seen)
    team, waiting = seen
    with pytest.raises(Stopped) as told:
        waiting.result(PATIENCE)
    assert not worth_another_try(told.value)
    assert processes() == []
    with pytest.raises(Stopped):
        train(team)


def stopped_in_a_trial(seen: list) -> None:
    with ThreadPoolExecutor(1) as pool, workers(ComputeConfig(workers=1, device="cpu")) as team:
        dies_in_its_start(team, pool)
        dies_between_trials(team)
        seen += [team, pool.submit(train, team, "hangs")]
        wait_for(lambda: not team._free.qsize())
        raise KeyboardInterrupt


def dies_in_its_start(team: Workers, pool: ThreadPoolExecutor) -> None:
    waiting = pool.submit(train, team)
    wait_for(processes)[0].kill()
    with pytest.raises(WorkerDied, match="ended before it began") as told:
        waiting.result(PATIENCE)
    assert worth_another_try(told.value)
    assert train(team)["halvings"] == 0


def dies_between_trials(team: Workers) -> None:
    [idle] = processes()
    idle.kill()
    try:
        train(team)
    except WorkerDied:
        train(team)
    assert not idle.is_running()
