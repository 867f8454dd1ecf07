"""Trials on Ray, through Prefect's task runner for it."""

from __future__ import annotations

import math
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from tasks.jobs import Job
from tasks.machine.devices import slots
from tasks.runners import cluster
from tasks.runners.base import Team
from tasks.runners.code import code_for, passed_on

VARIABLES = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # Else Ray would pack up the whole project with its data when it sees `uv run`.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Without clusters of several machines, Ray's servers listen on 127.0.0.1, on Linux too."""
OBJECTS = 100 * 2**20
"""Bytes of shared memory for a cluster of our own; Ray would take 30 % of the machine's."""


class OnRay(cluster.OnCluster):
    """A Ray cluster, or one of our own on this machine for the time of the run."""

    package = "prefect_ray"

    def task_runner(self, jobs: Sequence[Job]) -> Any:
        own = {} if self.compute.cluster else LOOPBACK | _token()
        for name, value in (VARIABLES | own).items():  # before Ray is imported
            os.environ.setdefault(name, value)
        from prefect_ray.task_runners import RayTaskRunner  # pyright: ignore[reportMissingImports]

        options = {"log_to_driver": False, "logging_level": "ERROR"}
        options |= {"runtime_env": _runtime_environment(jobs)}
        if not self.compute.cluster:
            options |= self._own_cluster()
        # Without an address Ray would join a cluster that somebody has started on this machine.
        return RayTaskRunner(address=self.compute.cluster or "local", init_kwargs=options)

    def _own_cluster(self) -> dict[str, Any]:
        cpus = math.ceil(slots(self.compute) * self.compute.cpus)
        return {"num_cpus": cpus, "include_dashboard": False, "object_store_memory": OBJECTS}

    def requesting_resources(self) -> AbstractContextManager[object]:
        """Ask Ray also to run a trial again whose machine has gone."""
        from prefect_ray.context import remote_options  # pyright: ignore[reportMissingImports]

        return remote_options(
            num_cpus=self.compute.cpus,
            num_gpus=self.compute.gpus,
            max_retries=self.compute.retries,
        )

    def team(self, jobs: list[Job], tell: Callable[[str], object]) -> AbstractContextManager[Team]:
        import ray  # pyright: ignore[reportMissingImports]

        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        wanted = {"CPU": self.compute.cpus, "GPU": self.compute.gpus}
        cluster.note_lack_of_room(wanted, nodes, tell)
        return cluster.team(self.compute, jobs, tell)


def _token() -> dict[str, str]:
    """A login for a cluster of our own: other users of this machine reach 127.0.0.1 as well."""
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _runtime_environment(jobs: Sequence[Job]) -> dict[str, Any]:
    """The code and the variables that Ray gives to each worker process of this run."""
    url = {name: os.environ[name] for name in ("PREFECT_API_URL",) if name in os.environ}
    return {
        "py_modules": [str(path) for path in code_for(jobs)],
        "env_vars": url | passed_on(),
        "excludes": ["__pycache__"],
    }
