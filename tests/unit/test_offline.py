"""The guard that keeps tests on this machine lets the loopback through and nothing else."""

import os
import socket
from pathlib import Path

import pytest
import torch

from tests.support.surroundings import own_surroundings


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.org", 443)])
def test_no_way_out(address):
    with pytest.raises(RuntimeError, match="tests run without a network"):
        socket.create_connection(address, timeout=1)


def test_no_datagram_either():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out,
        pytest.raises(RuntimeError, match="without a network"),
    ):
        out.sendto(b"x", ("192.0.2.1", 53))


def test_the_loopback_is_open():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=5) as client,
    ):
        assert client.getpeername() == server.getsockname()


def test_folders_are_the_tests_own(tmp_path):
    assert os.environ["LORVP_STORE"] == str(tmp_path / "own-store")
    assert "lorvp-tests-" in os.environ["PREFECT_HOME"]
    assert os.environ["WANDB_MODE"] == "disabled"


def test_nothing_of_the_developers_own_is_left(tmp_path):
    """But what is neither a server, a proxy, a login nor a place."""
    own = {"PATH": "/bin", "LANG": "C", "LORVP_REAL_DATA": "/data"}
    theirs = ("PREFECT_API_URL", "PREFECT_PROFILE", "http_proxy", "ALL_PROXY", "NO_PROXY",
              "WANDB_API_KEY", "WANDB_BASE_URL", "LORVP_NODE", "HF_HOME", "HF_TOKEN",
              "GIT_DIR", "XDG_CACHE_HOME", "DVC_GLOBAL_CONFIG_DIR")  # fmt: skip
    found = own_surroundings(own | dict.fromkeys(theirs, "theirs"), str(tmp_path))
    assert own.items() <= found.items()
    assert "theirs" not in found.values()
    assert Path(found["HOME"]).is_relative_to(tmp_path)
    assert list(Path(found["HOME"]).iterdir()) == []


def test_every_run_gives_the_same_bits():
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == 1
