"""A server of archives on the loopback, which can also fail."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Server:
    """Serves ``files`` by name and lists the requests in ``asked``."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    breaks: set[str] = field(default_factory=set)
    """Files that break off after their first half."""
    stalls: set[str] = field(default_factory=set)
    """Files that stop after their first half until ``resume`` is set."""
    resume: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serving(files: dict[str, bytes] | None = None) -> Iterator[Server]:
    told = Server(files=files or {})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _answer(self, told)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield told
    finally:
        told.resume.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(request: BaseHTTPRequestHandler, told: Server) -> None:
    name = request.path.lstrip("/")
    told.asked.append(name)
    if name not in told.files:
        request.send_error(404)
        return
    body = told.files[name]
    request.send_response(200)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    sent = body[: len(body) // 2] if name in told.breaks | told.stalls else body
    try:
        request.wfile.write(sent)
        if name in told.stalls:
            request.wfile.flush()
            told.resume.wait()
            request.wfile.write(body[len(body) // 2 :])
    except OSError:
        pass  # whoever asked is gone
    request.close_connection = True
