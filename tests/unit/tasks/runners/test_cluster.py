"""Runners: what is refused before a run, and which device a trial gets on a machine elsewhere."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from pkgutil import resolve_name

import pytest

from lorvp.errors import InputError
from lorvp.experiment.params import ParamsError
from lorvp.trials.identity import identity
from tasks.runners import cluster as clusters
from tasks.runners import code, remote
from tasks.runners.base import runner
from tasks.runners.dask_runner import OnDask
from tasks.runners.ray_runner import OnRay
from tasks.settings import RUNNERS, ComputeConfig
from tests.support.jobs import job

FAR = "192.0.2.77:6379"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine has; and nobody has to answer."""
    monkeypatch.setattr(clusters, "find_spec", lambda name: object())
    monkeypatch.setattr(clusters, "_require_answer", lambda address: None)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)


def compute(**settings) -> ComputeConfig:
    return ComputeConfig.model_validate(settings)


def test_every_runner_of_the_schema_is_in_the_table():
    names = ComputeConfig.model_json_schema()["properties"]["runner"]["enum"]
    assert list(RUNNERS) == names
    for name in names:
        assert type(runner(compute(runner=name))) is resolve_name(RUNNERS[name])


@pytest.mark.parametrize("name", ["ray", "dask"])
def test_a_package_that_is_missing(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(clusters, "find_spec", lambda name: None)
    with pytest.raises(ParamsError, match=rf"compute.runner: .*`uv sync --extra {name}`"):
        runner(compute(runner=name)).check()


@pytest.mark.parametrize(
    ("cluster", "url"),
    [(FAR, None), (f"tcp://{FAR}", "http://127.0.0.1:4200/api"), ("auto", "http://localhost/api")],
)
def test_a_cluster_that_cannot_reach_prefect(cluster, url, monkeypatch, tmp_path):
    monkeypatch.setenv("LORVP_CLUSTER", cluster)
    if url:
        monkeypatch.setenv("PREFECT_API_URL", url)
    wanted = compute(runner="ray", cluster=cluster, share=str(tmp_path / "share"))
    with pytest.raises(ParamsError, match=r"compute.cluster: .*set PREFECT_API_URL"):
        runner(wanted).check()
    assert not (tmp_path / "share").exists()


@pytest.mark.parametrize(
    ("cluster", "url"),
    [
        ("127.0.0.1:6379", None),
        ("tcp://localhost:8786", None),
        ("ray://[::1]:10001", None),
        (FAR, "http://192.0.2.1:4200/api"),
    ],
)
def test_a_cluster_that_reaches_prefect(cluster, url, monkeypatch, tmp_path):
    monkeypatch.setenv("LORVP_CLUSTER", cluster)
    if url:
        monkeypatch.setenv("PREFECT_API_URL", url)
    runner(compute(runner="dask", cluster=cluster, share=str(tmp_path / "share"))).check()


@pytest.mark.parametrize("named", [None, "", FAR, "tcp://127.0.0.1:87861"])
@pytest.mark.parametrize("name", ["ray", "dask"])
def test_params_alone_choose_no_cluster(name, named, monkeypatch, tmp_path):
    """What a cluster sends back is unpickled, and params.yaml may come from anybody."""
    called = []
    monkeypatch.setattr(clusters, "_require_answer", called.append)
    if named is not None:
        monkeypatch.setenv("LORVP_CLUSTER", named)
    address = "tcp://127.0.0.1:8786"
    wanted = compute(runner=name, cluster=address, share=str(tmp_path / "share"))
    with pytest.raises(ParamsError, match=f"compute.cluster: .*`export LORVP_CLUSTER={address}`"):
        runner(wanted).check()
    assert not called
    assert not (tmp_path / "share").exists()


def test_a_cluster_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.undo()
    monkeypatch.setattr(clusters, "find_spec", lambda name: object())
    monkeypatch.setenv("LORVP_CLUSTER", "tcp://127.0.0.1:1")
    wanted = compute(runner="dask", cluster="tcp://127.0.0.1:1", share=str(tmp_path))
    with pytest.raises(ParamsError, match=r"compute.cluster: nothing answers at tcp://127.0.0.1:1"):
        runner(wanted).check()


@pytest.mark.parametrize(
    ("share", "said"), [("nonsense://x", "nonsense"), ("{file}/x", "cannot be written")]
)
def test_a_share_of_no_use(share: str, said: str, tmp_path: Path):
    (tmp_path / "file").touch()
    wanted = compute(runner="ray", share=share.format(file=tmp_path / "file"))
    with pytest.raises(ParamsError, match=rf"params.yaml: compute.share: .*{said}"):
        runner(wanted).check()


def test_the_code_that_goes_to_the_machines_is_there():
    files = ("flows/train.py", "lorvp/trials/run.py", "tasks/runners/remote.py")
    assert [path.name for path in code.OURS] == ["flows", "lorvp", "tasks"]
    assert all((code.OURS[0].parent / file).is_file() for file in files)


def test_a_folder_is_named_so_that_other_machines_find_it(monkeypatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/a")
    assert clusters.absolute("share") == f"{tmp_path}/share"
    assert clusters.absolute("~/share") == "/home/a/share"
    assert clusters.absolute("s3://bucket/share") == "s3://bucket/share"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"cluster": FAR}, "cluster is for runner: ray or dask"),
        ({"share": "/s"}, "share is for runner: ray or dask"),
        ({"runner": "ray", "cluster": FAR}, "cluster needs a share"),
        ({"runner": "ray", "device": "cuda"}, "gpus should say"),
    ],
)
def test_settings_that_do_not_go_together(settings: dict, said: str):
    with pytest.raises(ValueError, match=said):
        compute(**settings)


@pytest.mark.parametrize(
    ("settings", "device"),
    [({}, "cpu"), ({"gpus": 0.5}, "cuda"), ({"gpus": 1, "device": "cpu"}, "cpu")],
)
def test_the_device_follows_from_what_is_asked_for(settings: dict, device: str):
    assert OnRay(compute(runner="ray", **settings)).compute.device == device
    assert OnDask(compute(runner="dask", **settings)).compute.device == device


def test_a_ray_of_our_own_joins_no_other_on_this_machine(monkeypatch):
    """As Ray does where an address is left out and somebody has started a cluster."""
    tasks = pytest.importorskip("prefect_ray.task_runners", reason="uv sync --extra ray")
    asked = []
    monkeypatch.setattr(tasks.RayTaskRunner, "__init__", lambda self, **how: asked.append(how))
    monkeypatch.setattr(os, "environ", dict(os.environ))
    OnRay(compute(runner="ray", workers=2)).task_runner([])
    OnRay(compute(runner="ray", cluster=FAR, share="/s")).task_runner([])
    assert [how["address"] for how in asked] == ["local", FAR]
    assert [how["init_kwargs"].get("num_cpus") for how in asked] == [2, None]


def test_a_trial_asks_ray_for_what_it_needs():
    context = pytest.importorskip("prefect_ray.context", reason="uv sync --extra ray")
    with OnRay(compute(runner="ray", cpus=2, gpus=0.5, retries=3)).requesting_resources():
        asked = context.RemoteOptionsContext.get().current_remote_options
    assert asked == {"num_cpus": 2, "num_gpus": 0.5, "max_retries": 3}


def test_a_trial_asks_dask_for_what_it_needs():
    dask = pytest.importorskip("dask", reason="uv sync --extra dask")
    with OnDask(compute(runner="dask", cpus=2, gpus=0.5)).requesting_resources():
        assert dask.get_annotations() == {"resources": {"CPU": 2, "GPU": 0.5}}
    with OnDask(compute(runner="dask")).requesting_resources():
        assert dask.get_annotations() == {}


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch):
    """A machine with two GPUs, for as long as nothing is computed on them."""
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    remote.end_idle_workers()
    yield compute(runner="dask", gpus=1, device="cuda")
    remote.end_idle_workers()


def test_trials_that_share_a_process_take_turns_on_its_devices(two_gpus, tmp_path):
    with (
        remote.borrowed_worker(two_gpus, tmp_path) as one,
        remote.borrowed_worker(two_gpus, tmp_path) as b,
    ):
        places = [slot.place for worker in (one, b) for slot in worker.slots]
        assert sorted(places) == ["cuda:0", "cuda:1"]
    with remote.borrowed_worker(two_gpus, tmp_path) as again:
        assert again in (one, b)


def test_a_process_that_is_shown_another_device_takes_a_new_worker(two_gpus, monkeypatch, tmp_path):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with remote.borrowed_worker(two_gpus, tmp_path) as one:
        pass
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    with remote.borrowed_worker(two_gpus, tmp_path) as other:
        assert other is not one


def test_a_machine_with_other_code_trains_nothing():
    one = job()
    facts = identity(one.point.trial, "a", "b")
    remote.require_same_code(replace(one, identity=facts))
    with pytest.raises(InputError, match="other code"):
        remote.require_same_code(replace(one, identity=facts | {"code": "another"}))
