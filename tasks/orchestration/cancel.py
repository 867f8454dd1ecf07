"""The button Cancel in Prefect's UI, which Prefect itself only writes down."""

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
def interrupted_by_cancel() -> Iterator[threading.Event]:
    """Raise KeyboardInterrupt in this block, in the main thread, when the flow run is cancelled in
    the UI. The event is set if that happened."""
    run, ended, cancelled = UUID(flow_run.get_id()), threading.Event(), threading.Event()
    main = threading.main_thread().ident
    assert main is not None, "it runs"

    def look() -> None:
        while not cancelled.is_set() and not ended.wait(EVERY):
            if _is_cancelling(run):
                cancelled.set()
                # A thread that waits for a lock wakes only from a signal of its own.
                signal.pthread_kill(main, signal.SIGINT)

    # A daemon, which nobody joins: the server may take long to answer its last question.
    threading.Thread(target=look, daemon=True).start()
    try:
        yield cancelled
    finally:
        ended.set()


def _is_cancelling(run: UUID) -> bool:
    """Whether the user has asked for the end of this flow run."""
    try:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(run).state
    except HTTPError:
        return False  # the server has gone
    return state is not None and state.type == StateType.CANCELLING
