"""The order in which trials are trained: a worker keeps its network and data if it can."""

from itertools import groupby
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lorvp.experiment.trial import Point
from tasks.jobs import Job, neighbours_together
from tests.support.tiny import trial


def jobs(pairs: list[tuple[str, str]]) -> list[Job]:
    """One for each network and dataset, in this order, numbered by their seeds."""
    return [
        Job(
            Point(
                trial(seed=number).model_copy(update={"network": network, "dataset": dataset}),
                "none", "lp", "",
            ),
            {}, str(number), Path("store"), Path("data"), Path("net"),
        )
        for number, (network, dataset) in enumerate(pairs)
    ]  # fmt: skip


def pair(job: Job) -> tuple[str, str]:
    return job.point.trial.network, job.point.trial.dataset


names = st.sampled_from("xyz")


@given(st.lists(st.tuples(names, names)))
def test_every_trial_once_and_each_network_and_dataset_in_one_go(pairs):
    given_jobs = jobs(pairs)
    found = neighbours_together(given_jobs)
    assert sorted(job.fingerprint for job in found) == sorted(j.fingerprint for j in given_jobs)
    networks = [network for network, _ in groupby(pair(job)[0] for job in found)]
    assert networks == list(dict.fromkeys(network for network, _ in pairs)), "first come first"
    both = [key for key, _ in groupby(map(pair, found))]
    assert len(both) == len(set(pairs))
    for key, group in groupby(found, key=pair):
        seeds = [job.point.trial.seed for job in group]
        assert seeds == [n for n, other in enumerate(pairs) if other == key], "the grid's order"


def test_nothing_to_train_is_no_order():
    assert neighbours_together([]) == []
