"""Weights & Biases is not loaded unless asked for, and delays no trial."""

import shutil
import socket
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests.pipeline.first_run import API_KEY
from tests.pipeline.project import Project

TRACK = """
import logging
import sys
from pathlib import Path
from tasks import settings
from lorvp.trials.store import TrialStore
from tasks.jobs import make_jobs
from tasks.tracking.tracker import track

experiment = settings.read()
job = make_jobs(experiment, TrialStore(Path("store")))[0]
with track(job, experiment.params.tracking, logging.getLogger()) as tracker:
    assert tracker.trackers == ()
    tracker.summary({})
print([name for name in ("wandb", "prefect", "dvc", "timm") if name in sys.modules])
"""


def test_disabled_imports_nothing(project: Project):
    done = project.python("-c", TRACK)
    assert (done.code, done.out) == (0, "[]\n")


TRAIN = """
from pathlib import Path
import torch
from tasks import settings
from tasks.settings import TrackingConfig
from lorvp.trials.store import TrialStore
from tasks.jobs import make_jobs
from tests.support.training_alone import train_and_store
from tasks.worker.log import log_file

torch.set_num_threads(1)
for job in make_jobs(settings.read(), TrialStore(Path("store")))[:2]:
    train_and_store(job, "cpu", TrackingConfig(wandb="online"))
    print(log_file(job.fingerprint).read_text())
"""


def test_a_network_that_is_down_delays_no_trial(project: Project):
    """W&B is online, and its server accepts connections and never answers."""
    shutil.rmtree(project.repo / "data/.work/logs")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = project.python("-c", TRAIN, WANDB_BASE_URL=url, WANDB_API_KEY=API_KEY)
        asked = [line for line in requests(silent) if line == b"GET / HTTP/1.1"]
        assert len(asked) == 1, "a second trial does not ask again"
    assert done.code == 0, done.out
    assert done.out.count(f"W&B: {url} does not answer; runs are kept offline in data/wandb; ") == 2
    assert done.out.count("epoch   1: loss") == 2
    kept = {path.name[-20:] for path in (project.repo / "data/wandb/wandb").glob("offline-run-*")}
    finished = {path.parent.name for path in (project.repo / "store").glob("*/trial.json")}
    assert len(finished) == 2
    assert finished <= kept


SIDE_BY_SIDE = """
from pathlib import Path
import sys, torch
from tasks import settings
from tasks.settings import TrackingConfig
from lorvp.trials.store import TrialStore
from tasks.jobs import make_jobs
from tasks.worker.group import train_group
from tasks.worker.lane import Group
from tasks.worker.log import log_file

torch.set_num_threads(1)
jobs = make_jobs(settings.read(), TrialStore(Path("store")))
jobs = tuple(job for job in jobs if job.point.trial.mapping.kind == "lp")[:3]
for ended in train_group(Group(jobs, "cpu", TrackingConfig(wandb=sys.argv[1]), width=3)):
    assert not [one for one in ended.values() if isinstance(one, Exception)], ended
print(*(log_file(job.fingerprint).read_text() for job in jobs))
"""


class Refusing(BaseHTTPRequestHandler):
    """A server that knows no key."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(401)
        self.end_headers()

    def log_message(self, *about: object) -> None: ...


@pytest.mark.parametrize("mode", ["offline", "online"])
def test_trials_side_by_side_have_a_run_each(project: Project, mode: str):
    """Also if W&B refuses to keep them."""
    for folder in ("data/.work/logs", "data/wandb"):
        shutil.rmtree(project.repo / folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as refusing:
        Thread(target=refusing.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{refusing.server_port}"
        done = project.python("-c", SIDE_BY_SIDE, mode, WANDB_BASE_URL=url, WANDB_API_KEY=API_KEY)
        refusing.shutdown()
    assert done.code == 0, done.out
    assert "goes on without it" not in done.out
    assert done.out.count("runs are kept offline in data/wandb") == (3 if mode == "online" else 0)
    finished = {path.parent.name for path in (project.repo / "store").glob("*/trial.json")}
    assert len(finished) == 3
    for fingerprint in finished:
        [kept] = (project.repo / "data/wandb/wandb").glob(f"offline-run-*-{fingerprint}/*.wandb")
        record = kept.read_bytes()
        assert b"test_accuracy" in record, "it was told of the end"
        assert not [other for other in finished - {fingerprint} if other.encode() in record]


def requests(silent: socket.socket) -> list[bytes]:
    """The first lines of all unanswered requests, those of W&B's own failure counts among them."""
    silent.setblocking(False)
    found = []
    with suppress(BlockingIOError):
        while True:
            with silent.accept()[0] as call:
                call.setblocking(True)
                found.append(call.recv(1000).partition(b"\r\n")[0])
    return found
