"""Precisions that a trial's device lacks, or cannot do well, are refused before any work."""

from __future__ import annotations

from collections.abc import Iterable

from lorvp.errors import InputError
from lorvp.experiment.trial import Trial
from lorvp.networks.acceleration.precision import why_absent, why_slow
from lorvp.recipe import Precision
from tasks.machine.devices import devices, on_nodes
from tasks.settings import ComputeConfig


def require_fast_precisions(trials: Iterable[Trial], compute: ComputeConfig) -> None:
    """Refuse precisions that a device of this machine lacks, or is slow in, that would get trials.

    Each machine of a cluster asks its own devices when it gets a trial (``require_fast``).

    Raises:
        InputError: one of the trials has a precision that a device lacks or is slow in.
    """
    wanted: set[Precision] = {trial.training.precision for trial in trials}
    if wanted <= {"fp32"} or compute.on_other_machines:
        return
    here = compute if compute.on_this_machine else on_nodes(compute)
    for precision in sorted(wanted):
        for device in devices(here):
            require_fast(precision, device, compute.slow_precision)


def require_fast(precision: Precision, device: str, allow_slow: bool) -> str | None:
    """Why ``device`` is slow in this precision, or None if it is not.

    Raises:
        InputError: it is slow, and ``allow_slow`` is false; or it has no such precision at all.
    """
    if (absent := why_absent(precision, device)) is not None:
        raise InputError(
            f"params.yaml: grid: training.precision is {precision}, which {device} does not have: "
            f"{absent}. Write `precision: fp32`"
        )
    why = why_slow(precision, device)
    if why is None or allow_slow:
        return why
    raise InputError(
        f"params.yaml: grid: training.precision is {precision}, which {device} computes far slower "
        f"than fp32: {why}. Write `precision: fp32`, or accept it with "
        "`compute: {slow_precision: true}`"
    )
