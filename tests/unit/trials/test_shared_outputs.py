"""Outputs that workers share: computed once, and told apart by all that decides them."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from lorvp.mappings.frequency import IlmConfig
from lorvp.mappings.linear import FmConfig
from lorvp.training.cached_outputs import Cache, Outputs
from lorvp.training.timing import Duration
from lorvp.trials import shared_outputs
from lorvp.trials.run import run
from tasks.jobs import Job
from tasks.worker import shared_outputs as sharing
from tests.support.jobs import job
from tests.support.tiny import dataset, tiny_network

FOUND = Outputs(torch.arange(6.0).view(3, 2), Duration(1.25, 2.5), 0.75)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(sharing, "FOLDER", tmp_path / "outputs")
    return tmp_path / "outputs"


def shared_cache(job: Job, device: str) -> Cache:
    """As ``lorvp.trials.finish`` makes it."""
    bytes_of = job.identity["dataset"], job.identity["checkpoint"]
    return shared_outputs.shared_cache(sharing.FOLDER, job.point.trial, *bytes_of, device)


def makes(asked: list[tuple[Job, str, str]]) -> int:
    """How often something is computed when all of this is asked for in turn."""
    made = []
    for one, name, device in asked:
        shared_cache(one, device)(name, lambda: made.append(1) or FOUND)
    return len(made)


def test_what_is_kept_comes_back_as_it_was():
    cache = shared_cache(job(), "cpu")
    for found in (cache("logits train", lambda: FOUND), cache("logits train", lambda: FOUND)):
        assert torch.equal(found.outputs_N, FOUND.outputs_N)
        assert found.took == FOUND.took
        assert found.prompt_linf == FOUND.prompt_linf


def test_seeds_and_mappings_share():
    asked = [(job(m, s), "logits train", "cpu") for m in (FmConfig(), IlmConfig()) for s in (0, 1)]
    assert makes(asked) == 1


@pytest.mark.parametrize(
    ("other", "name", "device"),
    [
        (job(data="c"), "logits train", "cpu"),
        (job(network="c"), "logits train", "cpu"),
        (job(precision="bf16"), "logits train", "cpu"),
        (job(), "features train", "cpu"),
        (job(), "logits val", "cpu"),
        (job(), "logits train", "cuda:0"),
    ],
    ids=["data", "network", "precision", "reads", "split", "device"],
)
def test_what_decides_the_outputs_tells_them_apart(other, name, device):
    assert makes([(job(), "logits train", "cpu"), (other, name, device)]) == 2


def test_workers_that_ask_at_once_compute_once():
    made = []

    def make() -> Outputs:
        made.append(1)
        return FOUND

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda s: shared_cache(job(seed=s), "cpu")("logits train", make), range(8)))
    assert made == [1]


def test_what_failed_is_computed_by_the_next():
    cache = shared_cache(job(), "cpu")

    def fail() -> Outputs:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        cache("logits train", fail)
    assert makes([(job(), "logits train", "cpu")]) == 1


def test_nothing_is_left_when_it_is_cleared(folder):
    makes([(job(), "logits train", "cpu")])
    sharing.clear()
    assert not folder.exists()
    sharing.clear()


def test_a_trial_is_the_same_with_and_without_sharing(tmp_path):
    data, wanted = dataset(tmp_path / "noise"), job()
    alone = run(wanted.point.trial, tiny_network(), data)
    for _ in range(2):  # the first computes, the second reads
        shared = run(wanted.point.trial, tiny_network(), data, cache=shared_cache(wanted, "cpu"))
        assert shared.state.keys() == alone.state.keys()
        assert all(torch.equal(shared.state[name], t) for name, t in alone.state.items())
        times = {"seconds": 0.0, "wall_seconds": 0.0}
        assert [dataclasses.replace(e, **times) for e in shared.history] == [
            dataclasses.replace(e, **times) for e in alone.history
        ]


def test_what_is_damaged_is_computed_again(folder):
    """Whichever byte it is, of the outputs or of what was seen on the way to them."""
    asked = [(job(), "logits train", "cpu")]
    makes(asked)
    [place] = [path for path in folder.iterdir() if path.is_dir()]
    for path in place.iterdir():
        content = path.read_bytes()
        for at in range(0, len(content), 7):
            path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
            assert makes(asked) == 1, (path.name, at)
            assert path.read_bytes() == content
