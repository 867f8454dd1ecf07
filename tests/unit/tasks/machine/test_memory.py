"""What a process frees is kept, where the C library can be told so."""

import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tasks.machine import memory
from tasks.machine.memory import KEPT, OPTIONS, keep_freed_memory

AGAIN = """
import resource
import numpy as np
from tasks.machine.memory import keep_freed_memory

keep_freed_memory()
np.ones(2**20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones(2**20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.fixture
def told(monkeypatch):
    """What malloc is told; it takes the options that are given, and all if none are."""
    found = []

    def use(*taken: int) -> list[tuple[int, int]]:
        def mallopt(option: int, value: int) -> bool:
            found.append((option, value))
            return option in (taken or OPTIONS.values())

        monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: SimpleNamespace(mallopt=mallopt))
        return found

    for variable in OPTIONS:
        monkeypatch.delenv(variable, raising=False)
    return use


def test_both_thresholds_are_raised(told):
    asked = told()
    keep_freed_memory()
    assert asked == [(-3, KEPT), (-1, KEPT)]


@pytest.mark.parametrize(("variable", "other"), [*zip(OPTIONS, (-1, -3), strict=True)])
def test_what_the_user_has_set_stays(told, monkeypatch, variable, other):
    asked = told()
    monkeypatch.setenv(variable, "4096")
    keep_freed_memory()
    assert asked == [(other, KEPT)]


def test_a_malloc_that_refuses_the_first_goes_on_finding_its_own(told):
    asked = told(-1)
    keep_freed_memory()
    assert asked == [(-3, KEPT)]


def test_a_library_without_mallopt_is_left_alone(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: SimpleNamespace())
    keep_freed_memory()


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_freed_memory_is_had_again_without_new_pages():
    command = [sys.executable, "-c", AGAIN]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(ended.stdout) < 2048  # the pages of one of the ten arrays
