"""A trial's way to other machines and back, and where it stands meanwhile."""

from __future__ import annotations

import io
import itertools
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lorvp.errors import InputError
from lorvp.experiment.trial import Candidate
from lorvp.mappings.rvp import RvpConfig
from lorvp.mappings.text import SemanticConfig
from lorvp.trials.contents import sealed
from lorvp.trials.identity import fingerprint, identity
from lorvp.trials.run import run
from lorvp.trials.store import TrialStore
from lorvp.trials.verified import is_whole
from tasks.jobs import Job
from tasks.runners.remote import require_same_code
from tasks.runners.share import DamagedError, Share
from tasks.runners.transport import InPlace, ThroughShare
from tests.support.stores import NAME, files
from tests.support.tiny import dataset, tiny_network, trial


def test_what_is_there_is_not_sent_again(share: Share, made: Path, job: Job):
    way = ThroughShare(share.url)
    way.send([job, job])
    before = {path: share.fs.info(path) for path in share.fs.find(share.root)}
    assert len(before) == 5
    way.send([job])
    assert {path: share.fs.info(path) for path in share.fs.find(share.root)} == before


def test_what_was_fetched_is_not_fetched_again(share: Share, job: Job, elsewhere: Path):
    ThroughShare(share.url).send([job])
    first = ThroughShare(share.url).bring(job)
    share.fs.rm(share.root, recursive=True)
    assert ThroughShare(share.url).bring(job) == first
    assert first.dataset.is_relative_to(elsewhere)
    assert first.checkpoint.is_relative_to(elsewhere)
    assert first.store.is_relative_to(elsewhere)


@pytest.fixture
def with_sentences(job: Job, tmp_path: Path) -> Job:
    """The job with a mapping that reads a file of the user's."""
    path = tmp_path / "user's own/bank.json"
    path.parent.mkdir()
    path.write_text("{}")
    made = trial(mapping=RvpConfig())
    made = made.model_copy(update={"mapping": made.mapping.with_files({"descriptions": path})})
    facts = identity(made, job.identity["dataset"], job.identity["checkpoint"])
    return replace(job, point=replace(job.point, trial=made), identity=facts)


def test_files_of_a_mapping_go_with_the_trial(share: Share, with_sentences: Job, elsewhere: Path):
    job, way = with_sentences, ThroughShare(share.url)
    way.send([job, job])
    (own,) = job.point.trial.mapping.files.values()
    own.unlink()
    require_same_code(job)
    there = way.bring(job).point.trial
    assert there.mapping.files["descriptions"].is_relative_to(elsewhere)
    assert there.mapping.files["descriptions"].read_text() == "{}"
    assert identity(there, job.identity["dataset"], job.identity["checkpoint"]) == job.identity
    share.fs.rm(share.root, recursive=True)  # fetched once
    ThroughShare(share.url).send([replace(job, point=replace(job.point, trial=there))])
    assert way.bring(job).point.trial == there


def test_a_checkpoint_of_a_mapping_goes_with_the_trial(
    share: Share, made: Path, job: Job, elsewhere: Path
):
    asked = trial(mapping=SemanticConfig(reader=str(made / "net")))
    facts = identity(asked, job.identity["dataset"], job.identity["checkpoint"])
    job = replace(job, point=replace(job.point, trial=asked), identity=facts)
    way = ThroughShare(share.url)
    way.send([job])
    there = way.bring(job).point.trial
    assert there.mapping.checkpoints["reader"].is_relative_to(elsewhere)
    assert identity(there, facts["dataset"], facts["checkpoint"]) == facts


def test_a_file_that_is_another_than_it_was_is_refused(
    share: Share, with_sentences: Job, elsewhere: Path
):
    way, digest = ThroughShare(share.url), with_sentences.file_digests["descriptions"]
    way.send([with_sentences])
    share.fs.pipe_file(share._at(f"files/{digest}"), b"[]")
    with pytest.raises(DamagedError, match=f"no whole files/{digest}"):
        way.bring(with_sentences)
    assert not (elsewhere / "files" / digest).exists()
    (own,) = with_sentences.point.trial.mapping.files.values()
    own.write_text("[]")
    with pytest.raises(DamagedError, match=r"bank\.json has changed while the run went on"):
        way.send([with_sentences])


def deliver(share: Share, job: Job, made: Path) -> ThroughShare:
    """As a machine does that has just trained this."""
    way = ThroughShare(share.url)
    way.send([job])
    there = way.bring(job)
    TrialStore(there.store).adopt(made / "store" / NAME)
    way.deliver(there)
    assert not TrialStore(there.store).holds(NAME), "kept twice"
    return way


def at(job: Job, store: Path) -> Job:
    """The same job of a user with another store."""
    return Job(job.point, job.identity, NAME, store, job.dataset, job.checkpoint)


def test_a_trial_comes_back_whole(share: Share, made: Path, job: Job, elsewhere: Path, tmp_path):
    way = deliver(share, job, made)
    way.collect(at(job, tmp_path / "user"))
    assert is_whole(tmp_path / "user" / NAME)
    assert files(tmp_path / "user" / NAME) == files(made / "store" / NAME)


def test_a_finished_trial_is_not_trained_again(share: Share, made: Path, job: Job, elsewhere):
    way = deliver(share, job, made)
    assert TrialStore(way.bring(job).store).holds(NAME)


def flipped(content: bytes) -> bytes:
    """In the weights; a byte of a zip file's own may mean nothing to anybody."""
    where = content.index(b"weights.safetensors") + 50
    return content[:where] + bytes([content[where] ^ 1]) + content[where + 1 :]


def without_history(content: bytes) -> bytes:
    less = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(less, "w") as new:
        for name in set(old.namelist()) - {"history.json"}:
            new.writestr(name, old.read(name))
    return less.getvalue()


@pytest.mark.parametrize(
    "damage", [flipped, without_history, lambda content: content[:-30], lambda content: b""]
)
def test_a_damaged_trial_is_trained_again_and_never_trusted(
    share: Share, made: Path, job: Job, elsewhere: Path, tmp_path: Path, damage
):
    way, place = deliver(share, job, made), share._at(f"trials/{NAME}.zip")
    share.fs.pipe_file(place, damage(share.fs.cat_file(place)))
    with pytest.raises(DamagedError, match="no whole copy"):
        way.collect(at(job, tmp_path / "user"))
    assert not (tmp_path / "user" / NAME).exists()
    assert not TrialStore(way.bring(job).store).holds(NAME)
    deliver(share, job, made).collect(at(job, tmp_path / "user"))
    assert is_whole(tmp_path / "user" / NAME)


def test_a_trial_goes_on_elsewhere(share: Share, job: Job, elsewhere: Path, monkeypatch, tmp_path):
    """Where it stands goes to the share, and from there to the machine that takes it up."""
    way = ThroughShare(share.url)
    way.send([job])
    there = way.bring(job)
    way.keep(there)  # nothing yet
    TrialStore(there.store).resume(NAME).save({"epoch": 3, "weights": torch.arange(3.0)})
    way.keep(there)
    monkeypatch.setenv("LORVP_NODE", str(tmp_path / "other"))
    stands = TrialStore(way.bring(job).store).resume(NAME).load()
    assert stands is not None
    assert stands["epoch"] == 3


def test_a_trial_that_is_done_stands_nowhere(share: Share, made: Path, job: Job, elsewhere: Path):
    ThroughShare(share.url).send([job])
    share.put_bytes(f"resume/{NAME}", b"somewhere")
    deliver(share, job, made)
    assert share.get_bytes(f"resume/{NAME}") is None


def test_on_this_machine_all_is_where_the_job_says(job: Job, tmp_path: Path):
    way = InPlace(tmp_path)
    assert way.home() == tmp_path
    assert way.bring(job) is job


def test_old_logs_of_a_machine_go_and_new_ones_stay(share: Share, elsewhere: Path):
    logs = elsewhere / "data/.work/logs"
    logs.mkdir(parents=True)
    for name, age in (("old", 100_000), ("new", 1000)):
        (logs / name).touch()
        then = (logs / name).stat().st_mtime - age
        os.utime(logs / name, (then, then))
    ThroughShare(share.url).home()
    assert [path.name for path in logs.iterdir()] == ["new"]


def tried(job: Job, stop_after: int | None) -> Job:
    """A setting of a search, stopped after so many epochs."""
    made = Candidate(**dict(job.point.trial), stop_after=stop_after)
    facts = identity(made, job.identity["dataset"], job.identity["checkpoint"])
    place = replace(job.point, trial=made)
    return replace(job, point=place, identity=facts, fingerprint=fingerprint(facts))


def test_a_stopped_setting_comes_back_and_goes_on_elsewhere(
    share: Share, made: Path, job: Job, elsewhere: Path, monkeypatch, tmp_path
):
    stopped, whole = tried(job, 2), tried(job, None)
    way = ThroughShare(share.url)
    way.send([stopped])
    there = way.bring(stopped)
    store = TrialStore(there.store)
    result = run(stopped.point.trial, tiny_network(), dataset(tmp_path / "data"),
                 resume=store.resume(stopped.state))  # fmt: skip
    facts = {"name": "a setting", "identity": stopped.identity}
    store.put(stopped.fingerprint, sealed(stopped.fingerprint, result, facts))
    way.deliver(there)
    way.collect(replace(stopped, store=tmp_path / "user"))
    assert is_whole(tmp_path / "user" / stopped.fingerprint)
    monkeypatch.setenv("LORVP_NODE", str(tmp_path / "other"))
    stands = TrialStore(way.bring(whole).store).resume(whole.state).load()
    assert stands is not None
    assert len(stands["training"]["history"]) == 2


def test_how_far_trials_are(share: Share, made: Path, job: Job, elsewhere: Path):
    """It changes with an epoch's state, and with a result, and not by looking."""
    way = ThroughShare(share.url)
    way.send([job])
    seen = [way.progress([job]), way.progress([job])]
    assert seen[0] == seen[1]
    share.put_bytes(f"resume/{job.state}", b"an epoch")
    seen.append(way.progress([job]))
    deliver(share, job, made)
    seen.append(way.progress([job]))
    assert [a == b for a, b in itertools.pairwise(seen)] == [True, False, False]


def test_how_far_trials_are_in_the_users_own_store(tmp_path: Path, job: Job):
    way, mine = InPlace(tmp_path), replace(job, store=tmp_path / "store")
    before = way.progress([mine])
    path = TrialStore(mine.store).resume(mine.state).path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"an epoch")
    assert before != (after := way.progress([mine]))
    assert after == way.progress([mine])


def test_a_machine_that_lacks_the_users_files_says_so(tmp_path: Path, job: Job):
    assert InPlace(tmp_path).bring(job) == job
    gone = replace(job, dataset=Path("data/datasets/gone"))
    with pytest.raises(InputError, match=rf"does not see {tmp_path}/data.*share"):
        InPlace(tmp_path).bring(gone)
