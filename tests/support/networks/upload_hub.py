"""A stand-in for the Hugging Face hub on the loopback, which takes and gives models."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlparse

SHA = "0" * 40


class Hub:
    """The files of each repository, by the repository's and the file's names."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.tokens: set[str | None] = set()


@contextmanager
def hub() -> Iterator[tuple[Hub, str]]:
    """The hub, and the address it listens at."""
    state = Hub()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

        def do_HEAD(self) -> None:
            self._file(with_body=False)

        def do_GET(self) -> None:
            path = unquote(urlparse(self.path).path)
            if not path.startswith("/api/models/"):
                return self._file(with_body=True)
            name = "/".join(path.split("/")[3:5])
            if name not in state.repositories:
                return self._json({"error": "Repository not found"}, 404)
            if "/tree/" in path:
                sizes = {file: len(c) for file, c in state.repositories[name].items()}
                kind = {"type": "file", "oid": SHA}
                return self._json([{**kind, "path": f, "size": n} for f, n in sizes.items()])
            files = [{"rfilename": file} for file in state.repositories[name]]
            return self._json({"id": name, "modelId": name, "sha": SHA, "siblings": files})

        def do_POST(self) -> None:
            state.tokens.add(self.headers.get("Authorization"))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = unquote(urlparse(self.path).path)
            if path.endswith("/repos/create"):
                asked = json.loads(body)
                name = f"{asked.get('organization') or 'me'}/{asked['name']}"
                state.repositories.setdefault(name, {})
                state.private[name] = asked.get("private") or asked.get("visibility") == "private"
                return self._json({"url": f"{address}/{name}", "name": name})
            name = "/".join(path.split("/")[3:5])
            if "/preupload/" in path:
                files = [file["path"] for file in json.loads(body)["files"]]
                modes = [{"path": f, "uploadMode": "regular", "shouldIgnore": False} for f in files]
                return self._json({"files": modes})
            if "/commit/" not in path:
                return self._json({"errors": [], "warnings": []})
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    value = line["value"]
                    state.repositories[name][value["path"]] = base64.b64decode(value["content"])
            return self._json({"commitUrl": f"{address}/{name}/commit/{SHA}", "commitOid": SHA})

        def _file(self, with_body: bool) -> None:
            parts = unquote(urlparse(self.path).path).strip("/").split("/")
            name, file = "/".join(parts[:2]), "/".join(parts[4:])
            content = state.repositories.get(name, {}).get(file)
            if content is None:
                self._json({"error": "Entry not found"}, 404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", SHA)
            self.end_headers()
            if with_body:
                self.wfile.write(content)

        def _json(self, value: object, status: int = 200) -> None:
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state, address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
