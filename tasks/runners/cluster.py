"""What Ray and Dask have in common: the checks before a run, and the team of a run."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from lorvp.errors import InputError
from tasks.errors import naming
from tasks.jobs import Job
from tasks.machine.devices import on_nodes
from tasks.runners.remote import RemoteTeam
from tasks.runners.share import Share
from tasks.runners.transport import InPlace, ThroughShare, Transport
from tasks.settings import ComputeConfig

NAMED = "LORVP_CLUSTER"
"""The environment variable by which the user allows the cluster in ``compute.cluster``."""


def check(compute: ComputeConfig, package: str) -> None:
    """Refuse a cluster that no trial could run on.

    Raises:
        InputError: ``package`` is not installed, or the cluster, the share or Prefect cannot be
            reached.
    """
    extra = compute.runner
    if find_spec(package) is None:
        with naming("compute.runner"):
            raise InputError(f"{package} is not installed; run `uv sync --extra {extra}`")
    if compute.cluster:
        with naming("compute.cluster"):
            _require_named(compute.cluster)
            require_prefect_for(compute.cluster, f"the machines of {compute.cluster}")
            _require_answer(compute.cluster)
    if compute.share:
        with naming("compute.share"):
            try:
                Share(absolute(compute.share)).require_writable()
            except (ImportError, ValueError) as error:  # of fsspec, for an unknown protocol
                raise InputError(str(error)) from error


class OnCluster:
    """Machines of a cluster, or one of our own on this machine for the time of the run."""

    package: ClassVar[str]
    """Prefect's, for this kind of cluster."""

    def __init__(self, compute: ComputeConfig) -> None:
        self.compute = on_nodes(compute)

    def check(self) -> None:
        check(self.compute, self.package)

    def prestarted(self, trials: int) -> AbstractContextManager[object]:
        return nullcontext()


def absolute(share: str) -> str:
    """The absolute path of a folder, which other machines find too; a URL as it is."""
    return share if "://" in share else str(Path(share).expanduser().absolute())


def _require_named(cluster: str) -> None:
    """Refuse a cluster that only params.yaml names, which may come from somebody else.

    A cluster gets code and data, and what it gives back is unpickled here.
    """
    if os.environ.get(NAMED) != cluster:
        raise InputError(
            f"a cluster can run anything here, so this file alone does not choose one; if "
            f"{cluster} is yours, say so: `export {NAMED}={cluster}`"
        )


def require_prefect_for(cluster: str, machines: str) -> None:
    """Refuse a Prefect API that the cluster's machines cannot reach: they report trials to it.

    Raises:
        InputError: it listens on this machine only, and ``cluster`` is the address of others.
    """
    url = os.environ.get("PREFECT_API_URL", "")
    if not _on_this_machine(cluster) and (not url or _on_this_machine(url)):
        here = f"the Prefect server of PREFECT_API_URL ({url})" if url else "our Prefect server"
        raise InputError(
            f"{machines} cannot reach {here}, which listens on this machine only; start "
            "one that they reach (`prefect server start --host ADDRESS`, with a login as "
            "tasks/runners/README.md says) and set PREFECT_API_URL"
        )


def _require_answer(cluster: str) -> None:
    host, port = _host(cluster)
    if port is None:  # such as Ray's `auto`
        return
    try:
        socket.create_connection((host, port), timeout=10).close()
    except OSError as error:
        raise InputError(f"nothing answers at {cluster}: {error}") from error


def _on_this_machine(address: str) -> bool:
    host, _ = _host(address)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(address: str) -> tuple[str, int | None]:
    parts = urlsplit(address if "://" in address else f"//{address}")
    return parts.hostname or "", parts.port


def note_lack_of_room(
    wanted: dict[str, float], offered: list[dict[str, float]], tell: Callable[[str], object]
) -> None:
    """Tell of trials that request more than any machine has: they wait, as a cluster may grow."""
    for name, number in wanted.items():
        most = max((each.get(name, 0) for each in offered), default=0)
        if number > most:
            tell(
                f"note: compute.{name.lower()}s is {number:g}, and no machine of the cluster has "
                f"more than {most:g} now; trials wait until one joins"
            )


def transport(compute: ComputeConfig) -> Transport:
    """The way to the machines of this cluster."""
    return ThroughShare(absolute(compute.share)) if compute.share else InPlace(Path.cwd())


@contextmanager
def team(
    compute: ComputeConfig, jobs: list[Job], tell: Callable[[str], object]
) -> Iterator[RemoteTeam]:
    """The team of a cluster; its machines find the data of ``jobs``."""
    from tasks.runners.relayed_warnings import warnings_relayed  # which imports Prefect

    way = transport(compute)
    way.send(jobs)
    with warnings_relayed(tell):
        yield RemoteTeam(compute, way)
