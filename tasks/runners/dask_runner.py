"""Trials on Dask, through Prefect's task runner for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from tasks.jobs import Job
from tasks.machine.devices import devices, slots
from tasks.runners import cluster
from tasks.runners.base import Team
from tasks.runners.code import code_for, passed_on


class OnDask(cluster.OnCluster):
    """A Dask cluster, or one of our own on this machine for the time of the run."""

    package = "prefect_dask"

    def task_runner(self, jobs: Sequence[Job]) -> Any:
        from prefect_dask.task_runners import DaskTaskRunner  # pyright: ignore[reportMissingImports]

        if self.compute.cluster:
            return DaskTaskRunner(address=self.compute.cluster)
        from distributed import Security  # pyright: ignore[reportMissingImports]

        # Anybody who reaches a scheduler can run anything on it; other users reach 127.0.0.1.
        keys = {"security": Security.temporary()}
        return DaskTaskRunner(cluster_kwargs=self._own_cluster() | keys)

    def _own_cluster(self) -> dict[str, Any]:
        """A cluster of one worker with a thread for each trial: trials have own processes."""
        number = slots(self.compute)
        gpus = len(devices(self.compute)) if self.compute.gpus else 0
        return {
            "n_workers": 1,
            "threads_per_worker": number,
            "resources": {"CPU": math.ceil(number * self.compute.cpus), "GPU": gpus},
            "host": "127.0.0.1",
            "dashboard_address": None,
            "worker_dashboard_address": None,
            "memory_limit": 0,
            "silence_logs": "ERROR",
        }

    @property
    def _resources(self) -> dict[str, float]:
        """What a trial requests besides a thread of a worker."""
        cpus = {"CPU": self.compute.cpus} if self.compute.cpus != 1 else {}
        gpus = {"GPU": self.compute.gpus} if self.compute.gpus else {}
        return cpus | gpus

    def requesting_resources(self) -> AbstractContextManager[object]:
        from dask import annotate  # pyright: ignore

        return annotate(resources=self._resources) if self._resources else nullcontext()

    @contextmanager
    def team(self, jobs: list[Job], tell: Callable[[str], object]) -> Iterator[Team]:
        client = client_of_this_flow()
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
        offered = [worker["resources"] for worker in workers]
        cluster.note_lack_of_room(self._resources, offered, tell)
        with self._code_on(client, jobs), cluster.team(self.compute, jobs, tell) as team:
            yield team

    @property
    def _brings_code(self) -> bool:
        """Not to a cluster of our own, whose worker was started with the run."""
        return self.compute.cluster is not None

    def _code_on(self, client: Any, jobs: Sequence[Job]) -> AbstractContextManager[None]:
        """Install our code on machines that may have another version of it."""
        if not self._brings_code:
            return nullcontext()
        from tasks.runners import dask_code

        code = dask_code.Code.of(code_for(jobs), passed_on())
        return dask_code.installed(client, code)


def client_of_this_flow() -> Any:
    """Dask's client of the flow run that this thread is in."""
    from prefect.context import FlowRunContext

    context = FlowRunContext.get()
    assert context, "a team works inside a flow"
    return context.task_runner.client  # pyright: ignore[reportAttributeAccessIssue]
