"""A Prefect API for the time of one run, where the user has none running.

Prefect would start a temporary one by itself, but gives it 20 seconds (a first start, which
creates the database, takes longer) and leaves it behind when the run is killed.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NoReturn

from lorvp.errors import InputError
from tasks.paths import WORK
from tasks.prefect_server.login import SERVERS, log_in, logged_in, own_login
from tasks.prefect_server.loopback import require_usable_proxies
from tasks.prefect_server.users import answers, note_on_foreign_server, users_api
from tasks.processes import end_with_parent

PATIENCE = 180
"""Seconds for the first start: about a hundred migrations on a cold disk."""

# No telemetry, and only our own lines on the terminal.
QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_UI_API_URL": "/api",
    # What its own threads say of a server that has gone; we say it in a line.
    "PREFECT_LOGGING_INTERNAL_LEVEL": "CRITICAL",
    # Of each request to it: 14 s in place of a minute.
    "PREFECT_CLIENT_MAX_RETRIES": "3",
}


@contextmanager
def prefect_api() -> Iterator[str]:
    """The address of a Prefect API: the user's own if there is one, else ours until the end.

    Raises:
        InputError: the user names a server that does not answer, or ours did not start.
    """
    quiet_prefect()
    require_usable_proxies()
    users = users_api()
    if not users and (note := note_on_foreign_server()):
        print(f"note: {note}", flush=True)
    if users:
        log_in(users)
    with nullcontext(users) if users else _own_server() as url:
        os.environ["PREFECT_API_URL"] = url
        try:
            yield url
        finally:
            if not answers(url):
                _GONE.set()
            elif not users:
                flush_prefect_queues()


def leave(status: int) -> NoReturn:
    """End the process, which ignores Ctrl-C from now on: there is nothing left to stop.

    Where the server has gone, it ends at once: Prefect would try for minutes to send its queues.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not _GONE.is_set():
        sys.exit(status)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


_GONE = threading.Event()
"""Set when the server did not answer at the end of a run."""


def quiet_prefect() -> None:
    """Set ``QUIET`` in the environment, where the user has set nothing else.

    Has to be called before Prefect is imported.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


@contextmanager
def _own_server() -> Iterator[str]:
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    login = own_login()
    log = WORK / "prefect-server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "tasks.prefect_server.temporary", str(port), str(os.getpid())],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | {SERVERS: login},
            start_new_session=True,  # a Ctrl-C must not take it away from under the run
        )
    try:
        os.environ["PREFECT_API_URL"] = url  # read, as the login, when it is imported
        with logged_in(login):
            import prefect  # noqa: F401 - seconds of work that the server's start hides

            _wait_until_it_answers(url, server, log)
            yield url
    finally:
        del os.environ["PREFECT_API_URL"]
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def flush_prefect_queues() -> None:
    """Send the logs and events that wait in Prefect's queues while the server still answers.

    Otherwise Prefect tries to at the exit of the process, and retries for over a minute.
    """
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    APILogWorker.drain_all(timeout=5)
    EventsWorker.drain_all(timeout=5)


def _wait_until_it_answers(url: str, server: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not answers(url):
        if server.poll() is not None or time.monotonic() > end:
            tail = "\n".join(log.read_text().splitlines()[-15:])
            raise InputError(f"Prefect's server did not start; the end of {log}:\n{tail}")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listen(port: int) -> None:
    """Serve on this machine alone until the process is told to end."""
    import uvicorn
    from prefect.server.api.server import create_app

    from tasks.prefect_server.app import guarded, named_hosts

    uvicorn.run(
        guarded(create_app(), named_hosts()),
        host="127.0.0.1",
        port=port,
        log_level="error",
        timeout_graceful_shutdown=2,  # Prefect's clients keep their sockets open
    )


if __name__ == "__main__":
    end_with_parent(int(sys.argv[2]))
    listen(int(sys.argv[1]))
