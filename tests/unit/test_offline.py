"""The guard that keeps tests on this machine lets the loopback through and nothing else."""

import os
import socket

import pytest
import torch


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


def test_every_run_gives_the_same_bits():
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == 1
