"""Cancel, on the run's page in Prefect's UI, where Prefect itself only writes it down."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from httpx import HTTPError
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.runtime import flow_run

EVERY = 2
"""Seconds from one look to the next."""


@contextmanager
def cancelled_as_by_ctrl_c() -> Iterator[threading.Event]:
    """In this block, which the main thread has to be in, Cancel is a Ctrl-C; the event tells
    whether it was."""
    run, ended, cancelled = UUID(flow_run.get_id()), threading.Event(), threading.Event()
    main = threading.main_thread().ident
    assert main is not None, "it runs"

    def look() -> None:
        while not cancelled.is_set() and not ended.wait(EVERY):
            if _asked_for(run):
                cancelled.set()
                # To that thread: one that waits for a lock does not wake from what others get.
                signal.pthread_kill(main, signal.SIGINT)

    # Nobody waits for it, since its last question may take as long as the server takes to answer.
    threading.Thread(target=look, daemon=True).start()
    try:
        yield cancelled
    finally:
        ended.set()


def _asked_for(run: UUID) -> bool:
    try:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(run).state
    except HTTPError:
        return False  # a server that has gone asks for nothing
    return state is not None and state.type == StateType.CANCELLING
