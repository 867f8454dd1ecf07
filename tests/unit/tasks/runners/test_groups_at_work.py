"""Groups of trials in real worker processes: what befalls one of them, and who goes on how."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import pytest
import torch

from lorvp.errors import InputError
from tasks.runners.groups import Planned
from tasks.runners.local import Workers
from tasks.settings import ComputeConfig, TrackingConfig
from tasks.worker import failures
from tasks.worker import group as worker
from tasks.worker.failures import OutOfTime, Stopped, WorkerDied
from tests.support import acting
from tests.support.acting import BEGUN, PATIENCE, job, wait_for

KILLED = "the worker was killed (signal 9)"


class Team(Workers):
    """One slot, groups that are made for it, and what it tells the user."""

    def __init__(self) -> None:
        self.told: list[str] = []
        super().__init__(ComputeConfig(device="cpu"), ["cpu"], Path.cwd(), self.told.append)
        self.asking = ThreadPoolExecutor(16)

    def together(self, *does: str, width: int = 0, ask: int = 9) -> dict[str, Future[dict]]:
        """What becomes of the trials of a new group, of which the first are asked for."""
        for path in (BEGUN, Path("go on")):
            path.unlink(missing_ok=True)
        self.told.clear()
        group = Planned(tuple(job(one) for one in does), width or len(does))
        self.expect_together(group)
        return {one: self.ask(one) for one in does[:ask]}

    def ask(self, does: str) -> Future[dict]:
        return self.asking.submit(self.train, job(does), TrackingConfig())


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """One for all tests, since a process takes seconds to start."""
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(worker, "begin", acting.begin)
        patch.setattr(failures, "VMSTAT", Path("vmstat"))
        Path("vmstat").write_text("oom_kill 5\n")
        team = Team()
        yield team
        team.end(at_once=True)


@pytest.fixture(autouse=True)
def memory_again(team: Team) -> None:
    Path("vmstat").write_text("oom_kill 5\n")


def begun() -> list[str]:
    return BEGUN.read_text().splitlines()


def error(future: Future[dict]) -> BaseException:
    found = future.exception(PATIENCE)
    assert found is not None
    return found


def test_each_ends_when_it_ends_and_with_its_own_error(team: Team):
    asked = team.together("works:1", "fails", "is odd", "waits")
    assert asked["works:1"].result(PATIENCE)["lanes"] == 4
    assert type(error(asked["fails"])) is InputError
    assert str(error(asked["fails"])) == "no such class"
    assert str(error(asked["is odd"])) == "OddError: odd 1", "it cannot be sent as it is"
    assert not asked["waits"].done()
    Path("go on").touch()
    assert asked["waits"].result(PATIENCE)["pid"] == asked["works:1"].result()["pid"]
    assert begun() == ["4 ['works:1', 'fails', 'is odd', 'waits']"]
    assert team.told == []


def test_one_that_is_tried_again_is_alone_in_as_wide_a_batch(team: Team):
    """The last bits depend on the width. The group's others are not disturbed."""
    asked = team.together("works:2", "fails")
    assert error(asked["fails"])
    assert asked["works:2"].result(PATIENCE)
    assert error(team.ask("fails"))
    assert begun() == ["2 ['works:2', 'fails']", "2 ['fails']"]


def test_those_whose_process_died_go_on_one_by_one(team: Team):
    asked = team.together("works:3", "is killed in company", "works:4", "works:5")
    assert asked["works:3"].result(PATIENCE)["lanes"] == 4
    for one in ("is killed in company", "works:4", "works:5"):
        told = asked[one].result(PATIENCE)
        assert (told["lanes"], told["width"], told["halvings"]) == (1, 4, 0)
    assert team.told == [f"{KILLED}; 3 of 4 trials go on one by one"]


@pytest.mark.slow
def test_only_the_one_that_kills_its_process_each_time_fails(team: Team):
    asked = team.together("is killed", "works:6", "exits")
    assert str(error(asked["is killed"])) == KILLED
    assert asked["works:6"].result(PATIENCE)["lanes"] == 1
    assert str(error(asked["exits"])) == "the worker process ended with exit status 3"
    assert team.told == [f"{KILLED}; 3 of 3 trials go on one by one"]
    assert {type(error(asked[one])) for one in ("is killed", "exits")} == {WorkerDied}


@pytest.mark.slow
def test_only_the_one_that_hangs_runs_out_of_time(team: Team, monkeypatch):
    limit = team.compute.model_copy(update={"time_limit": 0.02})
    monkeypatch.setattr(team, "compute", limit)
    asked = team.together("hangs", "works:7", "hangs in company")
    assert type(error(asked["hangs"])) is OutOfTime
    assert asked["works:7"].result(PATIENCE)["lanes"] == 1
    assert asked["hangs in company"].result(PATIENCE)["lanes"] == 1


def test_without_memory_there_are_fewer_lanes_and_then_smaller_pieces(team: Team):
    asked = team.together("has room for 2", "works:8", "needs much", "works:9")
    for one in ("has room for 2", "works:8"):
        assert asked[one].result(PATIENCE)["width"] == 2
    assert isinstance(error(asked["needs much"]), torch.OutOfMemoryError)
    assert asked["works:9"].result(PATIENCE)["width"] == 1
    assert begun() == [
        "4 ['has room for 2', 'works:8', 'needs much', 'works:9']",
        "2 ['has room for 2', 'works:8']",
        "2 ['needs much', 'works:9']",
        "1 ['needs much']",
        "1 ['works:9']",
    ]
    told = team.ask("needs much").result(PATIENCE)
    assert (told["width"], told["halvings"]) == (1, 1)
    assert team.told == [
        "memory ran out: 2 lanes at a time in place of 4",
        "memory ran out: 1 lane at a time in place of 2",
    ]
    again = team.together("has room for 1", "works:10", "works:11", width=3)
    assert {future.result(PATIENCE)["halvings"] for future in again.values()} == {0}
    assert team.told == ["memory ran out: 1 lane at a time in place of 3"]
    again = team.together("has room for 1:b", "works:21")
    assert {future.result(PATIENCE)["width"] for future in again.values()} == {1}
    assert team.told == [], "what was told before"


def test_a_process_that_was_killed_for_want_of_memory_means_fewer_lanes(team: Team):
    asked = team.together("works:12", "is too large")
    assert asked["works:12"].result(PATIENCE)["lanes"] == 2
    died = error(asked["is too large"])
    assert isinstance(died, WorkerDied)
    assert not died.memory, "the system has killed no other meanwhile"
    assert begun() == ["2 ['works:12', 'is too large']", "1 ['is too large']"]


def test_one_that_another_process_trains_waits_for_it_alone_and_last(team: Team):
    asked = team.together("is busy", "works:13", "fails")
    assert asked["works:13"].result(PATIENCE)["lanes"] == 3
    assert asked["is busy"].result(PATIENCE)["lanes"] == 1
    assert begun() == ["3 ['is busy', 'works:13', 'fails']", "3 ['is busy']"]
    assert team.told == []


def test_what_breaks_the_network_breaks_it_alone(team: Team):
    asked = team.together("breaks the network", "works:14")
    assert str(error(asked["breaks the network"])).endswith("the network broke in layer 7")
    assert type(error(asked["breaks the network"])) is RuntimeError
    assert asked["works:14"].result(PATIENCE)["lanes"] == 1


def test_a_process_that_dies_between_two_reports_takes_nothing_with_it(team: Team):
    """Another is started then, which knows nothing of the group."""
    asked = team.together("waits", "works:15")
    wait_for(BEGUN.exists)
    team.slots[0].schedule(_forget).result(PATIENCE)
    Path("go on").touch()
    assert [asked[one].result(PATIENCE)["lanes"] for one in asked] == [1, 1]
    died = "the worker process ended between two epochs"
    assert team.told == [f"{died}; 2 of 2 trials go on one by one"]


def _forget() -> None:
    worker._running.clear()


@pytest.mark.usefixtures("team")
def test_trials_that_nobody_asks_for_are_trained_before_the_workers_end():
    """Prefect may lose a trial's task, whose group goes on."""
    team = Team()
    team.together("works:16", "waits", "works:17", ask=1)["works:16"].result(PATIENCE)
    left = team._begun["works:17"]
    Timer(2, Path("go on").touch).start()
    team.end(at_once=False)
    assert left.waiting["works:17"].record.result(0)["lanes"] == 3
    assert len(begun()) == 1
    assert not team.slots[0].pool.active


@pytest.mark.usefixtures("team")
def test_a_stop_ends_all_that_wait_at_once_and_starts_nothing():
    team = Team()
    asked = team.together("works:18", "waits", "hangs")
    later = {one: team.ask(one) for one in ("works:19", "works:20")}
    assert asked["works:18"].result(PATIENCE)
    start = time.monotonic()
    team.end(at_once=True)
    assert time.monotonic() - start < 30
    for future in (asked["waits"], asked["hangs"], *later.values()):
        assert type(error(future)) is Stopped
    assert len(begun()) == 1
    with pytest.raises(Stopped):
        team.slots[0].schedule(_forget)
    assert not team.slots[0].pool.active
