"""A real Slurm on this machine: a controller and two nodes, each with a slurmd of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.pipeline.project import free_port, wait_until

NODES = ("node1", "node2")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
CONFIGURATION = """\
ClusterName=lorvp
SlurmctldHost=localhost
SlurmctldPort={controller}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
EnforcePartLimits=ALL
OverTimeLimit=0
KillWait=5
MinJobAge=30
SchedulerParameters=sched_interval=2,bf_interval=2
NodeName=node1 NodeHostname=localhost NodeAddr=127.0.0.1 Port={node1} CPUs=1
NodeName=node2 NodeHostname=localhost NodeAddr=127.0.0.1 Port={node2} CPUs=1
PartitionName=main Nodes=node1,node2 Default=YES MaxTime=60 State=UP
"""


def missing() -> str | None:
    """Why there can be no Slurm here, or None."""
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"])
    gone = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if gone:
        return f"no {', '.join(gone)} here: apt-get install slurm-wlm munge"
    return None if os.geteuid() == 0 else "slurmd of this build starts jobs as root only"


@contextmanager
def slurm() -> Iterator[dict[str, str]]:
    """Start it; the variables by which its programs find it."""
    with ExitStack() as stack:
        # Below a short path: a socket's is at most 107 letters long.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-")))
        folder.chmod(0o755)
        for name in ("state", *NODES):
            (folder / name).mkdir()
        ports = {name: free_port() for name in ("controller", *NODES)}
        file = folder / "slurm.conf"
        file.write_text(CONFIGURATION.format(folder=folder, user="root", **ports))
        variables = {"SLURM_CONF": str(file)}
        stack.enter_context(_munge(folder))
        stack.enter_context(_running(folder, "slurmctld", "-D", **variables))
        for node in NODES:
            stack.enter_context(_running(folder, "slurmd", "-D", "-N", node, **variables))
        asked = ["sinfo", "--noheader", "--Node", "--format=%T"]
        ready = lambda: said(asked, variables).split() == ["idle"] * len(NODES)  # noqa: E731
        wait_until(ready, 60)
        yield variables


def said(command: list[str], variables: dict[str, str]) -> str:
    """What a program of Slurm's prints."""
    return subprocess.run(
        command, env=os.environ | variables, capture_output=True, text=True, check=False
    ).stdout


def set_nodes(state: str, variables: dict[str, str]) -> None:
    """Have the nodes take jobs (``resume``, which those that do so refuse) or none (``drain``)."""
    words = ["scontrol", "update", f"NodeName={','.join(NODES)}", f"State={state}", "Reason=test"]
    subprocess.run(words, env=os.environ | variables, check=state == "drain")


@contextmanager
def _munge(folder: Path) -> Iterator[None]:
    key = folder / "munge.key"
    key.touch(0o400)
    key.write_bytes(secrets.token_bytes(1024))
    files = {"key-file": "key", "socket": "socket", "pid-file": "pid"}
    files |= {"seed-file": "seed", "log-file": "log"}
    words = [f"--{option}={folder}/munge.{name}" for option, name in files.items()]
    with _running(folder, "munged", "--foreground", *words):
        wait_until((folder / "munge.socket").exists, 20)
        yield


@contextmanager
def _running(folder: Path, *words: str, **variables: str) -> Iterator[None]:
    path = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/usr/local/sbin"])
    log = folder / f"{'-'.join([words[0], words[-1].lstrip('-').replace('/', '_')])}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            words,
            env=os.environ | {"PATH": path} | variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
