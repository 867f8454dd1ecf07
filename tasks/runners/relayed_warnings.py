"""Warnings of trials on other machines, relayed to the user's terminal by way of Prefect."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId, LogFilterLevel
from prefect.client.schemas.sorting import LogSort
from prefect.runtime import flow_run

from tasks.runners.beside import beside

EVERY = 2
"""Seconds from one look at Prefect's logs to the next."""


@contextmanager
def warnings_relayed(tell: Callable[[str], object]) -> Iterator[None]:
    """In this block, ``tell`` is given each warning that a task of this flow run logs, once."""
    wanted = LogFilter(
        level=LogFilterLevel(ge_=logging.WARNING),
        flow_run_id=LogFilterFlowRunId(any_=[UUID(flow_run.get_id())]),
    )
    told = set()

    def look() -> None:
        with get_client(sync_client=True) as client:
            for log in client.read_logs(wanted, sort=LogSort.TIMESTAMP_ASC):
                if log.message not in told:
                    told.add(log.message)
                    tell(log.message)

    def listen(ended: Event) -> None:
        while not ended.wait(EVERY):
            look()
        look()

    with beside(listen):
        yield
