"""What Slurm says of jobs: whether it would take one, and which of a run's jobs wait or run."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from lorvp.errors import InputError
from tasks.errors import naming

PATIENCE = 60
"""Seconds for an answer of a busy controller."""
KEYS = {
    "partition": "slurm.partition",
    "account": "slurm.account",
    "qos": "slurm.qos",
    "time": "slurm.time",
    "gres": "gpus",
    "generic resource": "gpus",
    "feature": "slurm.constraint",
    "constraint": "slurm.constraint",
    "memory": "slurm.memory",
}
"""The key of ``compute`` that a word of Slurm's is about; the first that it says counts."""

FOR_NOW = "node configuration is not available"


@dataclass(frozen=True)
class Waiting:
    """A job in Slurm's queue, or one that runs."""

    state: str
    """Slurm's word, such as PENDING or RUNNING."""
    reason: str


class NoAnswer(RuntimeError):  # noqa: N818
    """Slurm's controller did not say which jobs there are; later it may."""


def require_accepted(script: str) -> None:
    """Ask Slurm whether it would take such a job; none is submitted.

    That no node is fit for it may be so for now alone, while nodes are drained or down: the jobs
    that are submitted tell.

    Raises:
        InputError: it would not, in its own words, with the key that they are about.
    """
    asked = _run(["sbatch", "--test-only"], script)
    if asked.returncode == 0:
        return
    said = "; ".join(_plain(line) for line in asked.stderr.splitlines() if line.strip())
    if FOR_NOW in said.lower():
        return
    wanted = " ".join(re.findall(r"^#SBATCH (?!-[eoJ] )(.+)$", script, re.MULTILINE))
    words = said.lower()
    key = next((key for word, key in KEYS.items() if word in words), "slurm")
    with naming(f"compute.{key}"):
        raise InputError(f"Slurm takes no such job ({wanted}): {said}")


def jobs_named(name: str) -> dict[str, Waiting]:
    """The jobs of this name that have not ended, by their number.

    Raises:
        NoAnswer: Slurm does not say.
    """
    try:
        asked = _run(["squeue", "--noheader", f"--name={name}", "--format=%i|%T|%r"])
    except subprocess.TimeoutExpired as error:
        raise NoAnswer(str(error)) from error
    if asked.returncode:
        raise NoAnswer(asked.stderr.strip())
    rows = (line.strip().split("|", 2) for line in asked.stdout.splitlines())
    return {number: Waiting(state, reason) for number, state, reason in rows}


def _plain(line: str) -> str:
    return re.sub(r"^sbatch: (error: )?", "", line.strip())


def _run(command: list[str], script: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, input=script, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
