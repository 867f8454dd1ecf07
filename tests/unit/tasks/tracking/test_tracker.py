"""A tracker that fails, a W&B that is not there, and the settings as columns."""

import logging
import socket
from pathlib import Path

from lorvp.experiment.trial import Point, Trial
from tasks.jobs import Job
from tasks.tracking.tracker import Careful
from tasks.tracking.wandb_trial import answers, columns


class Breaks:
    def epoch(self, epoch):
        raise OSError("no room")

    def summary(self, summary):
        raise AssertionError("not told any more")

    finish = summary


def test_a_tracker_that_fails_is_said_and_left_alone(caplog):
    careful = Careful("W&B", Breaks, logging.getLogger("lorvp"))
    careful.epoch(None)
    careful.summary({})
    careful.finish(failed=False)
    assert [r.getMessage() for r in caplog.records] == [
        "W&B failed, and the trial goes on without it: OSError: no room"
    ]


def test_one_that_does_not_start_neither(caplog):
    Careful("W&B", lambda: 1 / 0, logging.getLogger("lorvp")).summary({})
    assert "goes on without it: ZeroDivisionError" in caplog.text


def test_nobody_answers():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert not answers(f"http://127.0.0.1:{bound.getsockname()[1]}")


def test_columns_are_flat():
    trial = Trial(
        dataset="digits",
        network="resnet",
        method={"kind": "lor_vp", "rank": 4},
        mapping={"kind": "ilm", "per_target": 2},
        training={"lr": 0.1, "optimizer": "adam"},
        seed=3,
    )
    found = columns(Job(Point(trial, "lor_vp r=4", "ilm", ""), {}, "abc", Path(), Path(), Path()))
    assert not any(isinstance(value, dict) for value in found.values())
    wanted = {
        "trial": "abc",
        "dataset": "digits",
        "method": "lor_vp",
        "method_rank": 4,
        "mapping": "ilm",
        "mapping_per_target": 2,
        "lr": 0.1,
        "optimizer": "adam",
        "optimizer_weight_decay": 0.0,
        "seed": 3,
    }
    assert wanted.items() <= found.items()
