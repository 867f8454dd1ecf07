"""Prefect's servers answer the user's programs and browser, and nobody else."""

from __future__ import annotations

import base64
import json
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from lorvp.errors import InputError
from tasks.prefect_server.login import log_in
from tasks.prefect_server.users import users_api
from tests.pipeline.processes import alive
from tests.pipeline.project import Project, clone, free_port, wait_until

FOREIGN = {"Origin": "http://stranger.example"}
CHANGE = """([url, login]) => fetch(url, {method: "PATCH", body: '{"paused": true}',
    headers: {"Content-Type": "application/json", "Authorization": login}})
    .then(answer => answer.status, error => "refused")"""
BLIND = """([url]) => fetch(url, {method: "POST", mode: "no-cors", body: "{}"})
    .then(answer => answer.type)"""


@dataclass(frozen=True)
class Server:
    """`python -m flows.server` in a fresh clone."""

    project: Project
    root: str
    login: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Basic {base64.b64encode(self.login.encode()).decode()}"}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """The server's answer; asked again where its database was locked, as its client does."""
        url, headers = f"{self.root}/api{path}", self.headers | headers
        for _ in range(60):
            answer = httpx.request(method, url, json=body, headers=headers, timeout=60)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return answer
            time.sleep(0.5)
        pytest.fail(f"{method} {path} was answered 503 for half a minute")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, bytecode: Path | None) -> Iterator[Server]:
    project, port = clone(tmp_path_factory.mktemp("doors"), bytecode), free_port()
    root, file = f"http://127.0.0.1:{port}", project.root / "prefect/lorvp-login"
    with project.started("-m", "flows.server", str(port)) as process:
        assert process.stdout
        assert process.stdout.readline() == f"Prefect UI: {root} (its login is in {file})\n"
        wait_until(lambda: process.poll() is not None or _is_well(root))
        yield Server(project, root, file.read_text())


def _is_well(root: str) -> bool:
    try:
        return httpx.get(f"{root}/api/health").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def deployment(server: Server) -> str:
    """The path of a deployment, which a stranger could change to run anything."""
    flow = server.ask("POST", "/flows/", {"name": "grid"}).raise_for_status().json()["id"]
    made = server.ask("POST", "/deployments/", {"name": "mine", "flow_id": flow})
    return f"/deployments/{made.raise_for_status().json()['id']}"


def test_the_login_is_the_users_alone(server: Server):
    file = server.project.root / "prefect/lorvp-login"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(server.login) > 30
    assert not [p for p in alive(server.project) if server.login in " ".join(p.cmdline())]
    others = [path for path in server.project.root.rglob("*") if path.is_file() and path != file]
    assert not [path for path in others if server.login.encode() in path.read_bytes()]


def test_nobody_is_answered_without_it(server: Server, deployment: str):
    for path in ("/admin/version", "/admin/settings", deployment):
        url = f"{server.root}/api{path}"
        assert httpx.get(url).status_code == 401
        assert server.ask("GET", path).status_code == 200


OF_A_RUN = """
import httpx
from tasks.prefect_server.temporary import prefect_api
with prefect_api() as url:
    print(httpx.get(f"{url}/admin/version").status_code)
"""


def test_nor_does_the_server_that_ends_with_a_run(server: Server):
    assert server.project.python("-c", OF_A_RUN).out == "401\n"


@pytest.mark.parametrize("headers", [FOREIGN, {"Origin": "null"}, {"Host": "stranger.example"}])
def test_a_page_from_elsewhere_is_refused_even_with_it(server: Server, deployment: str, headers):
    for method, path in [("GET", "/health"), ("PATCH", deployment), ("POST", "/flows/filter")]:
        assert server.ask(method, path, {}, **headers).status_code in (400, 403)
    text = {"Content-Type": "text/plain"} | headers  # for which a browser asks nobody before
    create = f"{deployment}/create_flow_run"
    assert server.ask("POST", create, {}, **text).status_code in (400, 403)
    assert server.ask("POST", "/flow_runs/filter", {}).json() == []
    assert server.ask("PATCH", deployment, {}, Origin=server.root).status_code == 204


def test_its_sockets_are_not_listened_to_from_elsewhere(server: Server):
    url = server.root.replace("http", "ws") + "/api/events/out"
    with connect(url, origin=server.root, subprotocols=["prefect"]) as own:  # pyright: ignore
        own.send(json.dumps({"type": "auth", "token": server.login}))
        assert json.loads(own.recv())["type"] == "auth_success"
    with pytest.raises(InvalidStatus, match="403"):
        connect(url, origin=FOREIGN["Origin"], subprotocols=["prefect"])  # pyright: ignore


def test_in_a_browser(server: Server, deployment: str, browser):
    """The UI works once its login is pasted; a page from elsewhere changes nothing."""
    asked: list[str] = []
    page = browser.new_page()
    page.goto(server.root)
    page.locator("input").first.fill(server.login)
    page.on("request", lambda request: asked.append(request.url))
    page.locator("input").first.press("Enter")
    page.get_by_text("Deployments").first.wait_for()
    change = [f"{server.root}/api{deployment}", server.headers["Authorization"]]
    assert page.evaluate(CHANGE, change) == 204
    assert asked
    server.ask("PATCH", deployment, {"paused": False})

    with stub({}) as elsewhere:
        page.goto(elsewhere)
        assert page.evaluate(CHANGE, change) == "refused"
        blind = [f"{server.root}/api{deployment}/create_flow_run"]
        assert page.evaluate(BLIND, blind) == "opaque", "sent, and its answer kept from the page"
    page.close()
    assert server.ask("GET", deployment).json()["paused"] is False
    assert server.ask("POST", "/flow_runs/filter", {}).json() == []


OPEN = {"/api/health": "true", "/api/admin/version": '"3.9.1"'}
"""The answers that `prefect server start` gives to anybody."""
WELL = {"/api/health": "true"}
"""The answers of another program that also reports good health."""


def test_the_form_is_not_served_where_all_are_answered(server: Server):
    with stub(OPEN) as url:
        done = server.project.python("-m", "flows.serve", PREFECT_API_URL=f"{url}/api")
    assert done.code == 2
    assert "asks for no login, so any web page that you open could start runs" in done.out
    assert len(done.out.splitlines()) == 1


def test_what_only_says_that_it_is_well_is_no_prefect(monkeypatch: pytest.MonkeyPatch):
    with stub(WELL) as url:
        monkeypatch.setenv("PREFECT_API_URL", f"{url}/api")
        with pytest.raises(InputError, match="but no Prefect server answers there"):
            users_api()


def test_a_login_is_found_or_asked_for(server: Server, monkeypatch: pytest.MonkeyPatch):
    url = f"{server.root}/api"
    monkeypatch.setenv("PREFECT_HOME", str(server.project.root / "elsewhere"))
    with pytest.raises(InputError, match="asks for a login; set PREFECT_API_AUTH_STRING"):
        log_in(url)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "a:guess")
    with pytest.raises(InputError, match="does not take the login in PREFECT_API") as refused:
        log_in(url)
    assert "guess" not in str(refused.value)
    monkeypatch.delenv("PREFECT_API_AUTH_STRING")
    monkeypatch.setenv("PREFECT_HOME", str(server.project.root / "prefect"))
    log_in(url)
    assert os.environ["PREFECT_API_AUTH_STRING"] == server.login


@contextmanager
def stub(answers: dict[str, str]) -> Iterator[str]:
    """A server with an empty page and these answers in JSON; gives its address."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            known = answers.get(self.path)
            self.send_response(200 if known or self.path == "/" else 404)
            self.send_header("Content-Type", "application/json" if known else "text/html")
            self.end_headers()
            self.wfile.write((known or "").encode())

        def log_message(self, *_):  # pyright: ignore[reportIncompatibleMethodOverride]
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()
