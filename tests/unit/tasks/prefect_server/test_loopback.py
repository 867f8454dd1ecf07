"""Proxies of the environment: never for this machine, always for others, and named in messages."""

import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import getproxies, proxy_bypass

import httpx
import pytest

from lorvp.errors import InputError
from lorvp.networks.sources.base import reaching
from lorvp.text.proxies import via
from tasks.prefect_server.loopback import keep_loopback_direct, require_usable_proxies
from tasks.prefect_server.users import answers

PROXY = "http://192.0.2.1:3128"


@pytest.fixture(autouse=True)
def environment():
    """As it was, after each test."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@contextmanager
def listening():
    """A server, or a proxy, and the addresses it was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", "7")
            self.end_headers()
            self.wfile.write(b'"3.9.1"')

        def log_message(self, *_) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])
def test_this_machine_is_asked_directly(monkeypatch, name):
    monkeypatch.setenv(name, "http://127.0.0.1:9")
    with listening() as (address, asked):
        assert not answers(f"http://{address}/api")
        keep_loopback_direct()
        assert answers(f"http://{address}/api")
        assert answers(f"http://localhost:{address.partition(':')[2]}/api")
    assert asked == ["/api/health", "/api/admin/version"] * 2


def test_another_machine_is_asked_through_the_proxy(monkeypatch):
    with listening() as (address, asked):
        monkeypatch.setenv("http_proxy", f"http://{address}")
        keep_loopback_direct()
        assert answers("http://prefect.example:4200/api")
    names = ("health", "admin/version")
    assert asked == [f"http://prefect.example:4200/api/{name}" for name in names]


@pytest.mark.parametrize(
    ("small", "capital", "then"),
    [
        (None, None, ("127.0.0.1,localhost,::1",) * 2),
        ("a.org, localhost", None, ("a.org,localhost,127.0.0.1,::1",) * 2),
        (None, "b.org", ("b.org,127.0.0.1,localhost,::1",) * 2),
        ("a.org", "b.org", tuple(f"{n}.org,127.0.0.1,localhost,::1" for n in "ab")),
        ("*", None, ("*", "*")),
    ],
)
def test_what_the_user_has_set_stays(monkeypatch, small, capital, then):
    monkeypatch.setenv("https_proxy", PROXY)
    for name, value in (("no_proxy", small), ("NO_PROXY", capital)):
        if value is not None:
            monkeypatch.setenv(name, value)
    for _ in range(2):
        keep_loopback_direct()
        assert (os.environ["no_proxy"], os.environ["NO_PROXY"]) == then
    assert proxy_bypass("127.0.0.1:4200")
    assert getproxies()["https"] == PROXY


def test_nothing_changes_where_there_is_no_proxy():
    before = dict(os.environ)
    keep_loopback_direct()
    require_usable_proxies()
    assert dict(os.environ) == before


def test_prefects_client_starts_with_a_socks_proxy_beside_it(monkeypatch):
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
    require_usable_proxies()
    keep_loopback_direct()
    with listening() as (address, _):
        assert httpx.get(f"http://{address}/").status_code == 200


@pytest.mark.parametrize("proxy", ["socks://127.0.0.1:9", "http://[::1"])
def test_a_proxy_that_no_client_can_read_is_named(monkeypatch, proxy):
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(InputError, match=r"ALL_PROXY.*socks5://HOST:PORT"):
        require_usable_proxies()


def test_a_message_names_the_proxy_without_its_password(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://me:secret@192.0.2.1:3128")
    monkeypatch.setenv("no_proxy", "near.example")
    assert via("https://far.example/x") == " through the proxy http://192.0.2.1:3128"
    assert via("https://near.example/x") == ""
    with (
        pytest.raises(InputError, match="cannot be had through the proxy") as told,
        reaching("https://far.example/x"),
    ):
        raise OSError("nobody there")
    assert "secret" not in str(told.value)
    assert via("http://far.example/x") == ""
