"""A stand-in for the servers of published weights, on this machine's loopback.

Whoever asks it for /stop has seen the last of it.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "1" * 40


class Hub(BaseHTTPRequestHandler):
    """Serves ``files`` by their path below the address, as the Hugging Face hub does."""

    files: dict[str, Path]

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)
        if self.path == "/stop":
            threading.Thread(target=closed, args=(self.server,)).start()

    def _answer(self, body: bool) -> None:
        content = self.files[self.path].read_bytes() if self.path in self.files else None
        self.send_response(200 if content is not None else 404)
        if content is None:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha256(content or b"").hexdigest()}"')
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        if body and content:
            self.wfile.write(content)

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def serving(files: dict[str, Path]) -> Iterator[str]:
    """Serve the files for the time of the block; gives the address."""
    handler = type("Served", (Hub,), {"files": files})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        closed(server)


def closed(server: ThreadingHTTPServer) -> None:
    """Stop the server and free its address; does nothing the second time."""
    server.shutdown()
    server.server_close()
