"""What a trial computed and what the clock says, on clocks of our own."""

import itertools

import pytest
import torch

from lorvp.experiment.trial import Trial
from lorvp.mappings.linear import LpConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.training import timing
from lorvp.training.timing import Duration, Stopwatch
from lorvp.trials.run import run
from tests.support.tiny import dataset, tiny_network, trial

STEP = 0.25
"""Seconds that a process computes from one look at its clock to the next."""
TRIALS = {
    "a prompt": trial(LorVpConfig(rank=2), LpConfig(), epochs=3),
    "a mapping alone": trial(NoneConfig(), LpConfig(), epochs=3),
    "nothing to train": trial(NoneConfig(), {"kind": "flm"}),
}


@pytest.fixture
def clocks(monkeypatch):
    """Set both clocks: a process has the part ``share`` of a core, as beside busy neighbours."""

    def with_share(share: float) -> None:
        computed, wall = itertools.count(), itertools.count()
        monkeypatch.setattr(timing, "process_time", lambda: 7 + STEP * next(computed))
        monkeypatch.setattr(timing, "perf_counter", lambda: 9 + STEP / share * next(wall))

    return with_share


def test_a_stopwatch_reads_both_clocks_from_its_start_on(clocks):
    clocks(share=0.5)
    watch = Stopwatch(torch.device("cpu"))
    assert watch.read() == Duration(STEP, 2 * STEP)
    assert watch.read() == Duration(2 * STEP, 4 * STEP)


def test_on_a_gpu_both_are_the_clocks(clocks):
    clocks(share=0.5)
    assert Stopwatch(torch.device("cuda")).read() == Duration(2 * STEP, 2 * STEP)


@pytest.mark.parametrize("name", TRIALS)
def test_busy_neighbours_lengthen_a_trial_by_the_clock_alone(clocks, tmp_path, name):
    wanted: Trial = TRIALS[name]
    data, summaries, epochs = dataset(tmp_path / "noise"), {}, {}
    for share in (1.0, 0.25):
        clocks(share)
        result = run(wanted, tiny_network(), data)
        summaries[share], epochs[share] = result.summary, result.history
    alone, beside = summaries[1.0], summaries[0.25]
    # A look at the clocks before and after each epoch, and each pass that stands for the network.
    passes = len(epochs[1.0]) + (wanted.method.kind == "none")
    assert alone["seconds"] == beside["seconds"] == passes * STEP
    assert alone["wall_seconds"] == passes * STEP
    assert beside["wall_seconds"] == 4 * passes * STEP
    assert [epoch.seconds for epoch in epochs[0.25]] == [STEP] * len(epochs[0.25])
    assert [epoch.wall_seconds for epoch in epochs[0.25]] == [4 * STEP] * len(epochs[0.25])


def test_durations_add_up():
    assert Duration(1.0, 2.0) + Duration(0.5, 4.0) == Duration(1.5, 6.0)
