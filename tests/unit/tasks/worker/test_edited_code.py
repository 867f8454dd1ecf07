"""Code that is edited while a run goes on: nothing is stored under a name that is not its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lorvp import code_digest, code_files
from lorvp.trials.finish import ChangedError
from lorvp.trials.store import TrialStore
from tasks.settings import TrackingConfig
from tasks.worker.failures import worth_another_try
from tests.support.jobs import job_of
from tests.support.training_alone import train_and_store
from tests.support.worker_trials import Heard


def edited(monkeypatch, module: str) -> None:
    """As if the user saved this file after the job was planned."""
    path, original = code_digest.ROOT / module, code_files.source
    monkeypatch.setattr(
        code_files, "source", lambda p: original(p) + b"\nEDITED = 1\n" * (p == path)
    )
    code_digest.forget()


@pytest.fixture
def forgetting():
    yield
    code_digest.forget()


@pytest.mark.parametrize("module", ["lorvp/training/trainer.py", "lorvp/networks/weights_file.py"])
def test_a_worker_that_starts_with_other_code_trains_nothing_under_the_old_name(
    trained, job, monkeypatch, forgetting, module
):
    """As where one has died and its place is taken, by a process that loads what is there then."""
    edited(monkeypatch, module)
    heard = Heard()
    with pytest.raises(ChangedError, match=r"changed while the run went on.*next `dvc repro`") as e:
        trained(heard)
    assert not worth_another_try(e.value)
    assert heard.epochs == []
    assert not TrialStore(Path("store")).holds(job.fingerprint)
    again = job_of(job.point.trial)
    assert again.fingerprint != job.fingerprint
    assert train_and_store(again, "cpu", TrackingConfig())["fingerprint"] == again.fingerprint


def test_a_worker_goes_on_with_the_code_that_it_has_loaded(trained, job, monkeypatch, forgetting):
    """Edits of files that it has read change nothing that it does."""
    code_digest.forget()
    code_digest.hold()
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"EDITED = 1\n")
    assert job_of(job.point.trial).fingerprint == job.fingerprint
    monkeypatch.undo()


WORKER = """
import os, sys
from pathlib import Path
from lorvp import code_digest as code
from tasks.worker.start import start_worker
code.ROOT = Path(sys.argv[1])
start_worker(os.getppid(), "cpu", code.ROOT)
edited = code.ROOT / "lorvp/training/trainer.py"
edited.write_text(edited.read_text() + "EDITED = 1")
print(code.digest_of(["lorvp.trials.finish"]))
"""


def test_a_worker_takes_the_code_as_it_was_when_it_began(tmp_path):
    shutil.copytree(code_digest.ROOT / "lorvp", tmp_path / "lorvp")
    command = [sys.executable, "-c", WORKER, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=code_digest.ROOT, check=True)
    assert done.stdout.strip() == code_digest.digest_of(["lorvp.trials.finish"])


def test_a_module_that_is_loaded_late_from_an_edited_file_spoils_the_result(
    trained, job, monkeypatch, forgetting
):
    """Such as a library of networks, which is only imported where one is used."""
    code_digest.forget()
    code_digest.hold()
    late = "lorvp.networks.acceleration.stem"
    monkeypatch.setattr(code_digest, "_loaded_before", code_digest._loaded_before - {late})
    trained(Heard())
    TrialStore(Path("store")).folder(job.fingerprint).rename("before")
    held = code_files.held[code_digest._file(late)]
    monkeypatch.setitem(code_files.held, code_digest._file(late), held + b"\n")
    with pytest.raises(
        ChangedError, match=r"lorvp\.networks\.acceleration\.stem changed .* loaded after that"
    ):
        trained(Heard())
    assert not TrialStore(Path("store")).holds(job.fingerprint)
