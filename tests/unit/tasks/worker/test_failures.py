"""What is worth another try, and what ran out of memory."""

import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lorvp.errors import InputError
from lorvp.experiment.params import ParamsError
from lorvp.files.whole import DiskFullError
from lorvp.training.totals import DivergedError
from tasks.worker import failures
from tasks.worker.failures import (
    OutOfTime,
    Stopped,
    WorkerDied,
    ran_out_of_memory,
    worth_another_try,
)

KILLED, SEGFAULT = -9, -11


@pytest.mark.parametrize(
    ("error", "again", "memory"),
    [
        (WorkerDied.of(KILLED), True, True),
        (WorkerDied.of(KILLED, memory=True), True, True),
        (WorkerDied.of(KILLED, memory=False), True, False),
        (WorkerDied.of(SEGFAULT, memory=True), True, False),
        (WorkerDied.of(SEGFAULT), True, False),
        (WorkerDied.of(3), True, False),
        (WorkerDied.of(None), True, False),
        (torch.OutOfMemoryError("CUDA out of memory"), True, True),
        (MemoryError(), True, True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True, True),
        (RuntimeError("shapes do not match"), True, False),
        (OSError(5, "Input/output error"), True, False),
        (OutOfTime.after(1.5), True, False),
        (DivergedError("step 3: training loss nan"), False, False),
        (InputError("no such class"), False, False),
        (ParamsError("no such class"), False, False),
        (DiskFullError(28, "the disk is full"), False, False),
        (PermissionError(13, "Permission denied"), False, False),
        (OSError(30, "Read-only file system"), False, False),
        (Stopped("the run was stopped"), False, False),
    ],
    ids=repr,
)
def test_which_failures_are_tried_again_and_which_with_less_memory(error, again, memory):
    assert worth_another_try(error) == again
    assert ran_out_of_memory(error) == memory


def test_torch_says_of_a_cpu_what_is_looked_for():
    """What it raises for more bytes than any machine has."""
    with pytest.raises(RuntimeError) as told:
        torch.empty(2**62, dtype=torch.uint8)
    assert ran_out_of_memory(told.value)


def test_what_the_system_killed_for_want_of_memory_is_counted_where_it_tells(tmp_path, monkeypatch):
    monkeypatch.setattr(failures, "VMSTAT", tmp_path / "vmstat")
    assert failures.memory_kills() is None
    for kills in (0, 17):
        (tmp_path / "vmstat").write_text(f"pgfault 12\noom_kill {kills}\nswap_ra 3\n")
        assert failures.memory_kills() == kills


@given(st.integers(-64, 255).filter(lambda code: code != KILLED))
def test_any_other_end_of_a_worker_is_told_with_its_status(code):
    assert str(WorkerDied.of(code)) == f"the worker process ended with exit status {code}"


def test_time_is_told_as_it_was_asked_for():
    assert str(OutOfTime.after(90)).startswith("stopped after 90 minutes (compute.time_limit)")
    assert str(OutOfTime.after(0.5)).startswith("stopped after 0.5 minutes")


@pytest.mark.parametrize(
    "error",
    [
        DivergedError("diverged in epoch 2"),
        DiskFullError(28, "the disk is full: /store"),
        InputError("bad"),
        torch.OutOfMemoryError("CUDA out of memory"),
    ],
    ids=repr,
)
def test_what_a_worker_raises_arrives_as_it_was(error):
    """It comes from another process."""
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
