"""What the terminal shows of trials that run: from their first line on, and the time left."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from lorvp.experiment.trial import Point, Trial
from lorvp.training.epoch import Epoch
from tasks.jobs import Job
from tasks.orchestration import running, terminal
from tasks.orchestration.running import RunningTrials
from tasks.orchestration.terminal import Progress, rows
from tasks.worker.log import epoch_line, seen_epoch

RECORD = {"summary": {"val_accuracy": 0.9, "test_accuracy": 0.8, "seconds": 2.0}}


def job(name: str, epochs: int = 10) -> Job:
    trial = Trial.model_validate({
        "dataset": "digits", "network": "net", "method": {"kind": "none"}, "mapping": "ilm",
        "training": {"epochs": epochs}, "seed": 0,
    })  # fmt: skip
    return Job(Point(trial, name, "ilm", ""), {}, name, Path(), Path(), Path())


def line(number: int) -> str:
    return epoch_line(Epoch(number, 0.1, 1.5, 0.25, 1.0, 0.5, 1.0, 1.0))


@given(st.integers(0, 10**6), st.floats(0, 1e6), st.floats(0, 1), st.floats(0, 1))
def test_a_line_of_the_log_tells_its_epoch(number, loss, train, val):
    seen = seen_epoch(epoch_line(Epoch(number, 0.1, loss, train, 0.0, val, 0.0, 0.0)))
    assert seen is not None
    assert seen.epoch == number
    assert seen[1:] == pytest.approx((loss, train, val), abs=0.00051)


@pytest.mark.parametrize("message", ["none · ilm (abc) on cpu", "epoch 3", "network: plain"])
def test_other_lines_tell_none(message):
    assert seen_epoch(message) is None


def test_time_left_goes_by_the_epochs_that_were_seen():
    """Also in a trial that goes on after a stop."""
    clock = iter([100.0, 104.0])
    trials = RunningTrials(now=lambda: next(clock))
    one = job("a")
    trials.heard(one, "a (abc) on cpu")
    assert (trials.share, trials.trials["a"].left) == (0, None)
    trials.heard(one, line(5))
    assert (trials.share, trials.trials["a"].left) == (0.6, None)
    trials.heard(one, line(7))
    assert trials.share == 0.8
    assert trials.trials["a"].left == 2 * 2.0, "two epochs took four seconds, and two are left"
    trials.ended(one)
    assert trials.share == 0


def test_rows_show_each_trial_and_count_what_has_no_room():
    trials = RunningTrials()
    for number in range(10):
        trials.heard(job(f"trial {number} [red]"), "begins")
    trials.heard(job("trial 0 [red]"), line(0))
    shown = text(rows([*trials.trials.values()]))
    first, second, *_, last = [" ".join(row.split()) for row in shown.splitlines()]
    assert first.startswith("trial 0 [red] ")
    assert first.endswith("epoch 1/10 loss 1.500 train 25.0% val 50.0%")
    assert second.endswith("begins")
    assert "trial 7" in shown
    assert "trial 8" not in shown
    assert last == "and 2 more"


def text(shown) -> str:
    out = io.StringIO()
    Console(file=out, width=160).print(shown)
    return out.getvalue()


def test_where_there_is_no_terminal_a_line_now_and_then_says_how_far_it_is(monkeypatch, capsys):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(terminal.time, "monotonic", lambda: clock.now)
    with Progress(2) as progress:
        running.tell(job("a"), line(0))
        clock.now = terminal.EVERY + 1
        running.tell(job("a"), line(3))
        running.tell(job("a"), line(4))
        running.tell_end(job("a"))
        progress.finished("a", RECORD)
    told = [row for row in capsys.readouterr().out.splitlines() if not row.startswith("trials ")]
    assert len(told) == 2
    assert "0 of 2 trials; a" in told[0]
    assert "epoch 4/10, loss 1.500, train 25.0%, val 50.0%" in told[0]
    assert told[1].startswith("[1/2] a   val  90.0%")
    running.tell(job("b"), line(0))  # nobody listens any more
    assert capsys.readouterr().out == ""


def test_trials_that_run_count_in_parts():
    """So there is a time left before the first of them ends."""
    with Progress(2) as progress:
        running.tell(job("a"), line(4))
        assert progress._bars.tasks[0].completed == 0.5
        running.tell_end(job("a"))
        progress.failed("a", "no")
        assert progress._bars.tasks[0].completed == 1
