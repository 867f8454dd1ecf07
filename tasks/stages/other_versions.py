"""Finished trials that were made with other libraries, or on another kind of processor, than here.

They count as finished; whoever wants them made again asks for it.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator

from lorvp.trials.store import TrialStore
from lorvp.trials.verified import read_record
from lorvp.trials.versions import differences, environment
from tasks.jobs import Job, Plan, manifest_of, require_trainable
from tasks.machine.devices import devices
from tasks.paths import PROMPTS
from tasks.settings import ComputeConfig

COMMAND = "uv run python -m flows.prompts --again"
OF_THE_MACHINE = {"processor", "device"}


def made_otherwise(
    finished: Iterable[Job], compute: ComputeConfig
) -> Iterator[tuple[Job, dict[str, str]]]:
    """Each finished trial that would be made with something else now: what it was, and is now."""
    for job in finished:
        record = read_record(TrialStore(job.store).folder(job.fingerprint))
        now = here(manifest_of(job.checkpoint).library, compute)
        if was := differences(record["environment"], now):
            yield job, {f"{name} {old}": f"{name} {now[name]}" for name, old in was.items()}


def here(library: str, compute: ComputeConfig) -> dict[str, str]:
    """What a trial would be made with now; of a cluster, whose machines nobody asks, no machine."""
    found = environment(devices(compute)[0] if compute.on_this_machine else "cpu", library)
    known = found.keys() - (set() if compute.on_this_machine else OF_THE_MACHINE)
    return {name: found[name] for name in found if name in known}


def notes(finished: Iterable[Job], compute: ComputeConfig) -> list[str]:
    """A line for each kind of difference."""
    found = Counter(tuple(was.items()) for _, was in made_otherwise(finished, compute))
    return [
        f"note: {number:,} finished trials were made with {', '.join(old for old, _ in was)}; "
        f"here it is {', '.join(new for _, new in was)}. `{COMMAND}` trains them again"
        for was, number in found.items()
    ]


def set_aside(plan: Plan, compute: ComputeConfig) -> Plan:
    """The plan in which such trials are missing; their folders move to the store's ``.aside``.

    Raises:
        InputError: one of them cannot be trained here; all stay where they are.
    """
    missing = {job.fingerprint for job in plan.missing}
    searched = [job for job in plan.searched if job.fingerprint not in missing]
    found = [job for job, _ in made_otherwise([*plan.finished, *searched], compute)]
    outdated = list({job.fingerprint: job for job in found}.values())
    again = plan.without_results_of(outdated)
    require_trainable(again.missing, compute)
    for job in outdated:
        TrialStore(job.store).set_aside(job.fingerprint)
        shutil.rmtree(PROMPTS / job.fingerprint, ignore_errors=True)
    return again
