"""Prefect's task runner for this machine: threads, and task runs for those that wait for one.

Prefect's own makes a task run when a thread begins it, so that its pages know of no other trials.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from contextvars import copy_context
from datetime import UTC, datetime
from functools import partial
from threading import Lock
from typing import Any, cast
from uuid import UUID, uuid4

from prefect import Task
from prefect.client.schemas.objects import RunInput, State, StateDetails, TaskRun, TaskRunPolicy
from prefect.context import TagsContext
from prefect.futures import PrefectConcurrentFuture, PrefectFuture
from prefect.runtime import flow_run
from prefect.states import Cancelled, Pending
from prefect.task_engine import run_task_sync
from prefect.task_runners import ThreadPoolTaskRunner
from prefect.utilities.engine import emit_task_run_state_change_event

SHOWN = 200
"""The most task runs that are shown to wait: the server takes about a hundred states a second, and
those of trials that train would come after those of thousands that wait."""


class Threads(ThreadPoolTaskRunner[Any]):
    """Prefect's threads, for tasks that are named by a template and wait for no others.

    The next task runs are Pending, and Cancelled if no thread ever begins them. That costs the
    server nothing: it is told of as many states as otherwise, only earlier.
    """

    def __init__(self, max_workers: int | None = None) -> None:
        super().__init__(max_workers)
        self._shown, self._hidden = 0, dict[UUID, TaskRun]()
        self._lock = Lock()

    def submit(  # pyright: ignore[reportIncompatibleMethodOverride] - no task here is async
        self,
        task: Task[..., Any],
        parameters: dict[str, Any],
        wait_for: Iterable[PrefectFuture[Any]] | None = None,
        dependencies: dict[str, set[RunInput]] | None = None,
    ) -> PrefectConcurrentFuture[Any]:
        assert self._executor is not None, "called outside of a flow"
        run = _waiting(task, parameters)
        with self._lock:
            self._hidden[run.id] = run
            self._show()
        future = self._executor.submit(copy_context().run, self._begin, task, run, parameters)
        future.add_done_callback(partial(self._tell_if_dropped, run))
        return PrefectConcurrentFuture(run.id, future)

    def _show(self) -> None:
        """Tell Prefect of one more that waits, if it was told of few."""
        if self._hidden and self._shown < SHOWN:
            run = self._hidden.pop(next(iter(self._hidden)))
            emit_task_run_state_change_event(run, initial_state=None, validated_state=_state(run))
            self._shown += 1

    def _begin(self, task: Task[..., Any], run: TaskRun, parameters: dict[str, Any]) -> State[Any]:
        with self._lock:
            if self._hidden.pop(run.id, None) is None:
                self._shown -= 1
            self._show()
        # What has one gets a bar in the picture of the flow run, where those that wait would hide
        # the others.
        run.expected_start_time = cast(Any, datetime.now(UTC))
        state = run_task_sync(task, task_run=run, parameters=parameters, return_type="state")
        return cast(State[Any], state)

    def _tell_if_dropped(self, run: TaskRun, future: Future[Any]) -> None:
        """Prefect says nothing of what it takes out of its queue when a flow is left early."""
        if future.cancelled() and run.id not in self._hidden:
            state = Cancelled(message="the run ended before this trial began")
            emit_task_run_state_change_event(run, _state(run), validated_state=state)


def _waiting(task: Task[..., Any], parameters: dict[str, Any]) -> TaskRun:
    """A task run of this flow run that nothing has begun, as Prefect would make it."""
    own, flows = uuid4(), UUID(flow_run.get_id())
    state = Pending(state_details=StateDetails(task_run_id=own, flow_run_id=flows))
    return TaskRun(
        id=own,
        name=str(task.task_run_name).format(**parameters),
        flow_run_id=flows,
        task_key=task.task_key,
        dynamic_key=str(own),
        empirical_policy=TaskRunPolicy(retries=task.retries),
        tags=sorted({*task.tags, *TagsContext.get().current_tags}),
        state=state,
    )


def _state(run: TaskRun) -> State[Any]:
    assert run.state is not None, "it has one from the start"
    return run.state
