"""A network of the user's own code on machines of a cluster: with the project's folder, it goes
there; what is installed has to be installed there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.left import contents, forget_trials
from tests.pipeline.nodes import CLUSTERS, Cluster
from tests.pipeline.own_network import own_network
from tests.pipeline.project import Project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]
ALLOWED = {"LORVP_CODE": "my_package"}


@pytest.fixture
def own(tmp_path: Path, bytecode: Path | None) -> Project:
    return own_network(tmp_path / "project", bytecode)


@pytest.fixture(params=["ray", "dask"])
def cluster(request: pytest.FixtureRequest, own: Project) -> Iterator[Cluster]:
    pytest.importorskip(f"prefect_{request.param}", reason=f"uv sync --extra {request.param}")
    with CLUSTERS[request.param](own) as cluster:
        on = {"runner": request.param, "cluster": cluster.address}
        on |= {"share": str(own.root / "share")}
        own.edit(lambda params: params["compute"].update(runner="local"))
        here = own.dvc("repro", **ALLOWED)
        assert here.code == 0, here.out
        own.edit(lambda params: params["compute"].update(on))
        yield cluster


def test_what_lies_in_the_project_goes_there(own: Project, cluster: Cluster):
    here = contents(own.prompts, "weights.safetensors")
    forget_trials(own)
    done = own.python("-m", "flows.prompts", **cluster.variables, **ALLOWED)
    assert done.code == 0, done.out
    assert contents(own.prompts, "weights.safetensors") == here


def test_what_is_installed_here_alone_is_named(own: Project, cluster: Cluster):
    forget_trials(own)
    installed = own.root / "installed/site-packages"
    installed.mkdir(parents=True)
    (own.repo / "my_package").rename(installed / "my_package")
    here_only = {"PYTHONPATH": str(installed)}
    done = own.python("-m", "flows.prompts", **cluster.variables, **ALLOWED, **here_only)
    assert done.code == 1, done.out
    assert "2 of 3 trials failed" in done.out  # the other needs no code of the user
    assert "there is no Python module my_package here; install my_package" in done.out
    assert "InputError: on " in done.out
    assert "Traceback" not in done.out
