"""Trials in jobs of Slurm that hold Dask workers; dask-jobqueue submits and cancels them."""

from __future__ import annotations

import math
import shlex
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from shutil import which
from typing import Any

from lorvp.errors import InputError
from tasks.errors import naming
from tasks.jobs import Job
from tasks.paths import WORK
from tasks.runners import cluster
from tasks.runners.base import Team, Tell
from tasks.runners.dask_runner import OnDask, client_of_this_flow
from tasks.settings import ComputeConfig

FOLDER = WORK / "slurm"
"""For the jobs' logs, and for the run's keys, which nodes read there."""
PROGRAMS = ("sbatch", "squeue", "scancel")
NO_END = 10**9
"""How often Dask gives a trial to another worker when its worker ended, as every job does. Whether
jobs get anywhere is for ``slurm_jobs`` to see."""


class OnSlurm(OnDask):
    """Jobs on the nodes of a cluster, for the time of the run."""

    package = "dask_jobqueue"

    def check(self) -> None:
        super().check()
        with naming("compute.runner"):
            for program in PROGRAMS:
                if which(program) is None:
                    raise InputError(
                        f"runner is slurm, and there is no program `{program}` on PATH; start the "
                        "run where Slurm's jobs are submitted, such as on a login node"
                    )
        with naming("compute.slurm.interface"):
            host = _address(self.compute.slurm.interface)
        with naming("compute.runner"):
            cluster.require_prefect_for(host, "Slurm's nodes")
        from tasks.runners.slurm_queue import require_accepted

        require_accepted(self._script())

    def task_runner(self, jobs: Sequence[Job]) -> Any:
        from dask_jobqueue.slurm import SLURMCluster  # pyright: ignore[reportMissingImports]
        from distributed import Security  # pyright: ignore[reportMissingImports]
        from prefect_dask.task_runners import DaskTaskRunner  # pyright: ignore[reportMissingImports]

        FOLDER.mkdir(parents=True, exist_ok=True)
        scheduler = {
            "host": _address(self.compute.slurm.interface),
            "dashboard_address": None,
            "allowed_failures": NO_END,
        }
        run = {
            "name": f"lorvp-{uuid.uuid4().hex[:8]}",
            "scheduler_options": scheduler,
            # The keys of this run alone, in files that nobody but this user can read.
            "security": Security.temporary(),
            "shared_temp_directory": str(FOLDER),
            "silence_logs": "CRITICAL",
        }
        jobs_of_slurm: Any = SLURMCluster
        return DaskTaskRunner(
            cluster_class=jobs_of_slurm,
            cluster_kwargs=run | self._of_a_job() | {"job_name": run["name"]},
        )

    def _of_a_job(self) -> dict[str, Any]:
        """What dask-jobqueue is told of each job; for what is not told here, such as lines of
        shell before the worker, the user's own configuration of it holds."""
        compute, slurm = self.compute, self.compute.slurm
        cpus = math.ceil(slurm.trials_per_job * compute.cpus)
        gpus = math.ceil(slurm.trials_per_job * compute.gpus)
        given = {"--mem=": slurm.memory, "-t ": slurm.time}
        return {
            "queue": slurm.partition,
            "account": slurm.account,
            "walltime": slurm.time,
            "job_cpu": cpus,
            "job_mem": slurm.memory and f"{math.ceil(1000 * slurm.memory)}M",
            # dask-jobqueue has defaults of its own, and the site's are better.
            "job_directives_skip": [line for line, value in given.items() if value is None],
            "job_extra_directives": list(_more(compute, gpus)),
            "cores": slurm.trials_per_job,
            "processes": 1,
            "memory": "1GB",
            "interface": slurm.interface,
            "nanny": False,
            "death_timeout": 300,
            # The job's own process, so that Slurm lets it end what it does when time runs out.
            "python": f"exec {shlex.quote(sys.executable)}",
            "log_directory": str(FOLDER),
            "worker_extra_args": [
                *("--memory-limit", "0", "--no-dashboard"),
                *("--resources", f"CPU={cpus},GPU={gpus}"),
            ],
        }

    def _script(self) -> str:
        """The script of a job, as Slurm gets it."""
        from dask_jobqueue.slurm import SLURMJob  # pyright: ignore[reportMissingImports]

        job: Any = SLURMJob
        return job("tls://scheduler:0", name="worker", **self._of_a_job()).job_script()

    @contextmanager
    def team(self, jobs: list[Job], tell: Tell) -> Iterator[Team]:
        from tasks.runners.slurm_jobs import Keeper

        client, way = client_of_this_flow(), cluster.transport(self.compute)
        keeper = Keeper(client, self.compute.slurm, lambda: way.progress(jobs), tell)
        with (
            self._code_on(client, jobs),
            cluster.team(self.compute, jobs, tell) as team,
            keeper.at_work(len(jobs)),
        ):
            yield team

    @property
    def _brings_code(self) -> bool:
        return True


def _more(compute: ComputeConfig, gpus: int) -> Iterator[str]:
    """Directives that dask-jobqueue has no name for."""
    slurm = compute.slurm
    if gpus:
        yield f"--gres=gpu:{f'{slurm.gpu_type}:' if slurm.gpu_type else ''}{gpus}"
    if slurm.qos:
        yield f"--qos={slurm.qos}"
    if slurm.constraint:
        yield f"--constraint={slurm.constraint}"


def _address(interface: str | None) -> str:
    """The address of this machine at which Slurm's nodes reach it.

    Raises:
        InputError: there is no such interface here.
    """
    from distributed.utils import get_ip, get_ip_interface  # pyright: ignore[reportMissingImports]

    try:
        return str(get_ip_interface(interface) if interface else get_ip())
    except (KeyError, ValueError) as error:
        raise InputError(f"this machine has no network {interface}: {error}") from error
