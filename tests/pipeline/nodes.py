"""Clusters of two "machines": groups of processes on this one that share no folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.pipeline.processes import alive
from tests.pipeline.project import Project, free_port, kill_group, wait_until

TOKEN = "0123456789abcdef0123456789abcdef"
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Settings with which Ray listens on 127.0.0.1 only."""
RAY = {
    **LOOPBACK,
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": TOKEN,
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_failure_threshold": "10",
}


@dataclass(frozen=True)
class Cluster:
    """A cluster of two machines, each with a core and a folder of its own."""

    project: Project
    address: str
    nodes: list[Path]
    variables: dict[str, str] = field(default_factory=dict)
    """The variables that a user of the cluster sets."""

    def training(self) -> dict[Path, str]:
        """The fingerprint of the trial that each machine is in, far from its end."""
        found = {}
        for process in alive(self.project):
            for path in _open_files(process):
                node = path.parents[2] if path.parent.name == ".locks" else None
                if node in self.nodes and "epoch   0" not in _text(_log(node, path.name)):
                    found[node] = path.name
        return found

    def kill(self, node: Path) -> None:
        """Kill all processes of a machine at once, as a power cut does."""
        for process in alive(self.project):
            if process.environ().get("LORVP_NODE") == str(node):
                process.kill()

    def trainings(self, fingerprint: str) -> int:
        """How often a trial was begun or resumed on any machine."""
        logs = [_text(_log(node, fingerprint)) for node in self.nodes]
        return sum(log.count(" on cpu\n") for log in logs)


def _log(node: Path, fingerprint: str) -> Path:
    return node / f"data/.work/logs/{fingerprint}.log"


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _open_files(process: psutil.Process) -> list[Path]:
    try:
        return [Path(file.path) for file in process.open_files()]
    except psutil.Error:
        return []


@contextmanager
def dask_nodes(project: Project) -> Iterator[Cluster]:
    """A scheduler and workers with TLS, as tasks/runners/README.md says: the file is the key."""
    address, nodes = f"tls://127.0.0.1:{free_port()}", _folders(project)
    port, keys = address.rpartition(":")[2], _keys(project.root / "dask.pem")
    quiet = [
        "--host",
        "127.0.0.1",
        "--no-dashboard",
        "--protocol",
        "tls",
        "--tls-ca-file",
        keys,
        "--tls-cert",
        keys,
    ]
    with ExitStack() as stack:
        start = lambda folder, *words: stack.enter_context(_process(project, folder, *words))  # noqa: E731
        start(project.root, "-m", "distributed.cli.dask_scheduler", "--port", port, *quiet)
        offers = ["--nthreads", "1", *quiet]
        for node in nodes:
            folder = ["--local-directory", str(node / "dask")]
            start(node, "-m", "distributed.cli.dask_worker", address, *folder, *offers)
        tls = {"CA_FILE": keys, "CLIENT__CERT": keys}
        variables = {f"DASK_DISTRIBUTED__COMM__TLS__{name}": value for name, value in tls.items()}
        yield Cluster(project, address, nodes, variables | {"LORVP_CLUSTER": address})


def _keys(file: Path) -> str:
    from distributed import Security  # pyright: ignore[reportMissingImports]

    made = Security.temporary()
    file.write_text(f"{made.tls_client_key}{made.tls_client_cert}")
    return str(file)


@contextmanager
def ray_nodes(project: Project) -> Iterator[Cluster]:
    nodes, told = _folders(project), project.root / "address"
    words = [str(Path(__file__).with_name("ray_cluster.py")), str(told), *map(str, nodes)]
    with _process(project, project.root, *words, **RAY) as process:
        wait_until(lambda: told.exists() or process.poll() is not None)
        address = told.read_text()
        yield Cluster(project, address, nodes, RAY | {"LORVP_CLUSTER": address})


Start = Callable[[Project], AbstractContextManager[Cluster]]
CLUSTERS: dict[str, Start] = {"ray": ray_nodes, "dask": dask_nodes}


def _folders(project: Project) -> list[Path]:
    nodes = [project.root / "nodes" / name for name in ("a", "b")]
    for node in nodes:
        node.mkdir(parents=True)
    return nodes


@contextmanager
def _process(
    project: Project, folder: Path, *words: str, **variables: str
) -> Iterator[subprocess.Popen]:
    """Start ``python WORDS`` in a folder outside the project, with a log beside it."""
    own = {"LORVP_NODE": str(folder)}
    with (folder / "process.log").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, *words],
            cwd=folder,
            env=project.environment | own | variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                kill_group(process)
                process.wait()
