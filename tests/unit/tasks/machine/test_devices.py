"""Slots on devices, and processes that see one GPU; torch is told how many there are."""

import os

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from joblib import cpu_count

from lorvp.errors import InputError
from tasks.machine.devices import confine, devices, seen_as, slots, slots_on
from tasks.settings import ComputeConfig

NAME = "CUDA_VISIBLE_DEVICES"
UUIDS = "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6,MIG-7c5a2ab1-0b2c-5c2f-9f4e-4a1b9c0d3e2f"


@pytest.fixture(autouse=True)
def on_a_mac(monkeypatch):
    """Where there is an Apple GPU too."""
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)


@pytest.fixture
def gpus(monkeypatch):
    """How many GPUs torch finds."""
    return lambda number: monkeypatch.setattr(torch.cuda, "device_count", lambda: number)


def test_auto_takes_all_gpus_or_else_the_cpu(gpus):
    gpus(0)
    assert devices(ComputeConfig()) == ["cpu"]
    gpus(3)
    assert devices(ComputeConfig()) == ["cuda:0", "cuda:1", "cuda:2"]
    assert devices(ComputeConfig(device="cuda")) == ["cuda:0", "cuda:1", "cuda:2"]


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_a_device_that_is_named_is_taken_whatever_else_there_is(gpus, device):
    gpus(2)
    assert devices(ComputeConfig(device=device)) == [device]
    assert slots_on(ComputeConfig(device=device, workers=2)) == [device] * 2


def test_cuda_without_a_gpu_is_the_users_mistake(gpus):
    gpus(0)
    with pytest.raises(InputError, match=r"compute.device is cuda, but torch finds no CUDA device"):
        devices(ComputeConfig(device="cuda"))


def test_mps_without_an_apple_gpu_is_the_users_mistake(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"compute.device is mps, but torch finds no Apple GPU"):
        devices(ComputeConfig(device="mps"))


def test_auto_is_a_slot_for_each_core_or_for_each_gpu(gpus):
    gpus(0)
    assert slots_on(ComputeConfig()) == ["cpu"] * cpu_count()
    gpus(2)
    assert slots_on(ComputeConfig()) == ["cuda:0", "cuda:1"]
    assert slots(ComputeConfig(device="mps")) == 1
    shared = slots_on(ComputeConfig(trials_per_device=3))
    assert sorted(shared) == ["cuda:0"] * 3 + ["cuda:1"] * 3


@given(number=st.integers(1, 9), workers=st.integers(1, 40))
def test_devices_take_turns_whatever_the_numbers(number, workers):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cuda, "device_count", lambda: number)
        places = slots_on(ComputeConfig(workers=workers))
    counts = [places.count(f"cuda:{index}") for index in range(number)]
    assert sum(counts) == workers
    assert max(counts) - min(counts) <= 1
    assert places[: min(number, workers)] == [f"cuda:{i}" for i in range(min(number, workers))]


@pytest.mark.parametrize(
    ("users", "place", "seen"),
    [
        (None, "cuda:0", "0"),
        (None, "cuda:2", "2"),
        ("3,1", "cuda:0", "3"),
        ("3,1", "cuda:1", "1"),
        ("3, 1", "cuda:1", "1"),
        (UUIDS, "cuda:0", "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"),
        (UUIDS, "cuda:1", "MIG-7c5a2ab1-0b2c-5c2f-9f4e-4a1b9c0d3e2f"),
        (None, "cpu", None),
        ("3,1", "cpu", "3,1"),
        ("3,1", "mps", "3,1"),
    ],
)
def test_a_worker_sees_its_own_gpu_among_those_that_the_user_lets_us_have(
    monkeypatch, users, place, seen
):
    monkeypatch.delenv(NAME, raising=False)
    if users is not None:
        monkeypatch.setenv(NAME, users)
    confine(place)
    assert os.environ.get(NAME) == seen
    if users is None and seen is not None:
        monkeypatch.setenv(NAME, seen)  # so that it is taken away after the test


@given(st.lists(st.integers(0, 63), min_size=1, max_size=8, unique=True))
def test_workers_of_different_devices_never_share_one(visible):
    with pytest.MonkeyPatch.context() as patch:
        found = []
        for index in range(len(visible)):
            patch.setenv(NAME, ",".join(map(str, visible)))
            confine(f"cuda:{index}")
            found.append(int(os.environ[NAME]))
        assert found == visible


@pytest.mark.parametrize(("place", "name"), [("cuda:3", "cuda"), ("cpu", "cpu"), ("mps", "mps")])
def test_the_one_device_that_is_seen_needs_no_number(place, name):
    assert seen_as(place) == name
    assert torch.device(name).type == name
