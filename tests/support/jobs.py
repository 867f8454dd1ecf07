"""Jobs as the plan makes them, of trials on small data."""

from __future__ import annotations

from pathlib import Path

from lorvp.datasets import prepared
from lorvp.experiment.trial import Point, Trial
from lorvp.mappings.linear import FmConfig
from lorvp.networks import checkpoint
from lorvp.prompts.methods.none import NoneConfig
from lorvp.trials.identity import fingerprint, identity
from tasks.jobs import Job
from tests.support.tiny import trial


def job_of(wanted: Trial) -> Job:
    """The job of a trial on data/datasets/noise and data/checkpoints/tiny in the current folder."""
    data, network = Path("data/datasets/noise"), Path("data/checkpoints/tiny")
    digests = prepared.read(data).digest, checkpoint.digest(checkpoint.read_manifest(network))
    facts = identity(wanted, *digests)
    point = Point(wanted, "lor_vp r=2", "lp", "")
    return Job(point, facts, fingerprint(facts), Path("store"), data, network)


def job(mapping=None, seed: int = 0, data: str = "a", network: str = "b", **training) -> Job:
    """The job of a trial without a prompt; none of its files exist."""
    wanted = trial(NoneConfig(), mapping or FmConfig(), seed, **training)
    identity = {"dataset": data, "checkpoint": network}
    point, nowhere = Point(wanted, "none", "fm", ""), Path("nowhere")
    return Job(point, identity, "0" * 20, nowhere, nowhere, nowhere)
