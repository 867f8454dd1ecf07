"""Ask Prefect about a project's runs over its REST interface."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.pipeline.project import PATIENCE, Project, free_port, wait_until


@contextmanager
def server(project: Project) -> Iterator[str]:
    """Run a Prefect server on the project's database, as a user may; gives the URL of its API."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    with project.started(
        "-m", "tasks.prefect_server.temporary", str(port), str(os.getpid())
    ) as process:
        wait_until(lambda: _answers(url) or process.poll() is not None)
        assert process.poll() is None, process.communicate()[0]
        yield url


def ask(url: str, path: str, **filters: Any) -> Any:
    """The answer to ``POST path``."""
    body = json.dumps(filters).encode()
    request = Request(f"{url}{path}", body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=PATIENCE) as response:
        return json.load(response)


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/health", timeout=10) as response:
            return response.status == 200
    except (URLError, TimeoutError, ConnectionError):
        return False
