"""What Prefect is told of trials that wait for a thread, without a server."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest
from prefect import tags, task
from prefect.client.orchestration import SyncPrefectClient
from prefect.futures import PrefectConcurrentFuture
from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

from tasks.runners import threads
from tasks.runners.threads import Threads, _waiting
from tests.support.acting import wait_for

PATIENCE = 30

Told = list[tuple[str, str, bool]]
"""Name, state, and whether it has a time to begin, of each task run that Prefect is told of."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    found: Told = []

    def note(task_run, initial_state, validated_state, follows=None):
        dated = task_run.expected_start_time is not None
        found.append((task_run.name, validated_state.name, dated))

    for module in ("tasks.runners.threads", "prefect.task_engine"):
        monkeypatch.setattr(f"{module}.emit_task_run_state_change_event", note)
    monkeypatch.setattr(SyncPrefectClient, "raise_for_api_version_mismatch", lambda client: None)
    monkeypatch.setenv("PREFECT__FLOW_RUN_ID", str(uuid4()))
    nowhere: dict[Any, Any] = {
        PREFECT_API_URL: "http://127.0.0.1:9/api",
        PREFECT_LOGGING_TO_API_ENABLED: False,
    }
    with temporary_settings(nowhere):
        yield found


class Held:
    """Tasks that begin and wait until they may end."""

    def __init__(self) -> None:
        self.begun, self.may_end = Event(), Event()

        @task(task_run_name="trial {number}", persist_result=False)
        def train(number: int) -> int:
            self.begun.set()
            assert self.may_end.wait(PATIENCE)
            return 10 * number

        self.train = train

    def submitted(self, runner: Threads) -> list[PrefectConcurrentFuture[int]]:
        """Two trials, of which the first has begun."""
        futures = [runner.submit(self.train, {"number": number}) for number in (1, 2)]
        assert self.begun.wait(PATIENCE)
        return futures


def of(told: Told, name: str) -> list[tuple[str, bool]]:
    return [(state, dated) for trial, state, dated in told if trial == name]


def test_a_trial_is_pending_without_a_bar_until_a_thread_begins_it(told: Told):
    held = Held()
    with Threads(max_workers=1) as runner:
        futures = held.submitted(runner)
        assert of(told, "trial 1") == [("Pending", False), ("Running", True)]
        assert of(told, "trial 2") == [("Pending", False)]
        held.may_end.set()
        assert [future.result() for future in futures] == [10, 20]
    assert of(told, "trial 2") == [("Pending", False), ("Running", True), ("Completed", True)]


def test_only_the_next_trials_are_shown_to_wait(told: Told, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(threads, "SHOWN", 1)
    held = Held()
    with Threads(max_workers=1) as runner:
        futures = [*held.submitted(runner), runner.submit(held.train, {"number": 3})]
        assert of(told, "trial 3") == []
        held.may_end.set()
        assert [future.result() for future in futures] == [10, 20, 30]
    for name in ("trial 1", "trial 2", "trial 3"):
        assert [state for state, _ in of(told, name)] == ["Pending", "Running", "Completed"]
    assert told.index(("trial 3", "Pending", False)) < told.index(("trial 2", "Running", True))


def test_a_trial_that_is_shown_and_never_begins_is_cancelled(
    told: Told, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(threads, "SHOWN", 1)
    held = Held()
    with Threads(max_workers=1) as runner:
        held.submitted(runner)
        runner.submit(held.train, {"number": 3})
        stop = Thread(target=runner.cancel_all)
        stop.start()
        wait_for(lambda: of(told, "trial 2") == [("Pending", False), ("Cancelled", False)])
        held.may_end.set()
        stop.join()
    assert of(told, "trial 1")[-1] == ("Completed", True)
    assert of(told, "trial 3") == []


def test_a_waiting_trial_is_found_by_its_tags(told: Told):
    with tags("project"):
        run = _waiting(Held().train.with_options(tags={"digits"}), {"number": 3})
    assert (run.name, run.tags) == ("trial 3", ["digits", "project"])
