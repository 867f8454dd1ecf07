"""Which requests get past what stands before Prefect's server."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket

from tasks.prefect_server.app import guarded

OWN = ("127.0.0.1:4200", "localhost:4200", "LOCALHOST:4200", "[::1]:4200", "127.0.0.1")
WORD = st.text("abcxyz0189-", min_size=1, max_size=12)
ADDRESS = st.tuples(WORD, st.sampled_from(["com", "localhost", "127.0.0.1", "1"])).map(".".join)


async def page(request):
    return PlainTextResponse("seen")


async def socket(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_text("seen")
    await websocket.close()


APP = Starlette(routes=[
    Route("/", page, methods=["GET", "POST", "PATCH", "OPTIONS"]), WebSocketRoute("/ws", socket)
])  # fmt: skip


def client(*hosts: str) -> TestClient:
    return TestClient(guarded(APP, hosts), "http://127.0.0.1:4200")


@pytest.mark.parametrize("host", OWN)
def test_this_machines_own_names_are_answered(host):
    for headers in ({}, {"Origin": f"http://{host}"}):
        answer = client().post("/", headers=headers | {"Host": host})
        assert (answer.status_code, answer.text) == (200, "seen")
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]


@settings(max_examples=20)
@given(host=ADDRESS | st.ip_addresses().filter(lambda a: not a.is_loopback).map(str), port=WORD)
def test_under_no_other_name(host, port):
    for name in (host, f"{host}:4200"):
        assert client().get("/", headers={"Host": name}).status_code == 400


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "OPTIONS"])
@settings(max_examples=20)
@given(host=ADDRESS | st.sampled_from(["127.0.0.1", "localhost"]), port=st.integers(1, 65535))
def test_no_page_of_another_origin(method, host, port):
    """Nor one that another program of this machine serves."""
    port += port == 4200
    for origin in (f"http://{host}:{port}", f"https://{host}", "null", "", f"file://{host}"):
        answer = client().request(method, "/", headers={"Origin": origin})
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_two_origins_are_as_many_as_the_worst_of_them():
    both = [("Origin", "http://127.0.0.1:4200"), ("Origin", "http://stranger.example")]
    assert client().post("/", headers=both).status_code == 403


@pytest.mark.parametrize("headers", [
    {"Origin": "http://stranger.example"}, {"Origin": "null"}, {"Host": "stranger.example"}
])  # fmt: skip
def test_sockets_too(headers):
    with client().websocket_connect(
        "ws://127.0.0.1:4200/ws", headers={"Origin": "http://127.0.0.1:4200"}
    ) as own:
        assert own.receive_text() == "seen"
    with pytest.raises(WebSocketDenialResponse) as refused:  # noqa: SIM117
        with client().websocket_connect("ws://127.0.0.1:4200/ws", headers=headers):
            pass
    assert refused.value.status_code in (400, 403)


def test_what_the_user_names_is_answered():
    named = client("gpu.example.org")
    assert named.get("/", headers={"Host": "gpu.example.org:4200"}).status_code == 200
    origin = {"Origin": "https://gpu.example.org"}
    assert named.post("/", headers=origin).status_code == 200, "a proxy may name us otherwise"
    assert named.post("/", headers={"Origin": "https://example.org"}).status_code == 403
