"""An object store on this machine: moto's server, which speaks S3's protocol over HTTP and keeps
its objects in memory. It emulates S3; its answers, but not its times, are those of the real one."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.pipeline.project import free_port, wait_until

BUCKET = "lorvp-tests"


def require_s3() -> None:
    """Skip the test where there is no such server or no client for it."""
    pytest.importorskip("s3fs", reason="uv pip install s3fs")
    if shutil.which("moto_server") is None:
        pytest.skip("no moto_server here: uv pip install 'moto[server]'")


@contextmanager
def s3(folder: Path) -> Iterator[dict[str, str]]:
    """The server, with an empty bucket; the variables by which every S3 client finds it."""
    port = free_port()
    variables = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with (folder / "moto.log").open("w") as log:
        process = subprocess.Popen(
            ["moto_server", "-H", "127.0.0.1", "-p", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: process.poll() is not None or _answers(port), 60)
        httpx.put(f"{variables['AWS_ENDPOINT_URL']}/{BUCKET}").raise_for_status()
        yield variables
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
