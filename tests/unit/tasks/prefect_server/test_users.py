"""Which Prefect server a run takes for the user's own: real processes that listen."""

import os
import subprocess
import sys
from contextlib import contextmanager

import psutil
import pytest

from lorvp.errors import InputError
from tasks.prefect_server import users
from tasks.prefect_server.users import (
    note_on_foreign_server,
    started_by_this_user,
    url_of_profile,
    users_api,
)

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in ("/api/health", "/api/admin/version") else 404)
        self.end_headers()
        self.wfile.write(sys.argv[2].encode())
    def log_message(self, *_): pass
server = http.server.HTTPServer((sys.argv[1], 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def started(address: str = "127.0.0.1", says: str = '"3.9.1"', **variables: str):
    """A process with these variables that answers what Prefect is asked first, and its port."""
    command = [sys.executable, "-c", SERVER, address, says]
    environment = os.environ | variables
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    (tmp_path / "prefect").mkdir()
    return tmp_path / "prefect"


@pytest.fixture
def usual(monkeypatch):
    """Makes a port the usual one."""

    def at(port: int) -> str:
        url = f"http://127.0.0.1:{port}/api"
        monkeypatch.setattr(users, "PORT", port)
        monkeypatch.setattr(users, "LOCAL", url)
        return url

    return at


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_one_that_the_user_started_is_joined(usual, address):
    with started(address) as port:
        url = usual(port)
        assert users_api() == url
    assert users_api() is None
    assert note_on_foreign_server() == ""


@pytest.mark.parametrize("says", ["", "true", "<p>Welcome</p>", "{}"])
def test_what_says_no_version_is_no_prefect(usual, says):
    """Other tools use this port too, and some answer to everything."""
    with started(says=says) as port:
        usual(port)
        assert users_api() is None
        assert note_on_foreign_server() == ""


def test_one_of_another_folder_of_prefects_is_not_but_told(usual, tmp_path):
    with started(PREFECT_HOME=str(tmp_path)) as port:
        url = usual(port)
        assert users_api() is None
        assert f"set PREFECT_API_URL={url}" in note_on_foreign_server()


def test_the_default_folder_is_below_the_home_of_who_started_it(monkeypatch, tmp_path):
    monkeypatch.delenv("PREFECT_HOME")
    with started(HOME=str(tmp_path)) as port:
        assert not started_by_this_user(port)
        monkeypatch.setenv("PREFECT_HOME", f"{tmp_path}/.prefect")
        assert started_by_this_user(port)


def test_one_of_another_user_is_not(monkeypatch):
    with started() as port:
        assert started_by_this_user(port)
        monkeypatch.setattr(os, "getuid", lambda: 12345)
        assert not started_by_this_user(port)


def test_one_of_which_the_system_does_not_tell_is_not(monkeypatch):
    def denied(kind):
        raise psutil.AccessDenied

    with started() as port:
        monkeypatch.setattr(psutil, "net_connections", denied)
        assert not started_by_this_user(port)


def test_a_name_counts_for_more_than_who_started_it(usual, monkeypatch, tmp_path):
    with started() as mine, started(PREFECT_HOME=str(tmp_path)) as other:
        usual(mine)
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{other}/api")
        assert users_api() == f"http://127.0.0.1:{other}/api"


def profile(home, url: str) -> None:
    (home / "profiles.toml").write_text(
        f'active = "a"\n[profiles.a]\nPREFECT_API_URL = "{url}"\n[profiles.b]\n'
    )


def test_the_users_profile_names_one(usual, home, monkeypatch, tmp_path):
    with started(PREFECT_HOME=str(tmp_path)) as port:
        url = usual(port)
        profile(home, url)
        assert users_api() == url
        monkeypatch.setenv("PREFECT_PROFILE", "b")
        assert (url_of_profile(), users_api()) == (None, None)


def test_a_profile_whose_server_on_this_machine_is_not_running_is_no_obstacle(usual, home):
    with started() as port:
        pass
    usual(port)
    profile(home, f"http://127.0.0.1:{port}/api")
    assert users_api() is None


@pytest.mark.parametrize("how", ["variable", "profile"])
def test_a_server_elsewhere_that_is_named_has_to_answer(usual, home, monkeypatch, how):
    url = "http://prefect.example:4200/api"
    monkeypatch.setattr(users, "answers", lambda asked: False)
    profile(home, url)
    if how == "variable":
        monkeypatch.setenv("PREFECT_API_URL", url)
    with pytest.raises(InputError, match=f"{url}.*no Prefect server answers there"):
        users_api()
