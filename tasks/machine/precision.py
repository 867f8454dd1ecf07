"""Precisions that a trial's device cannot do well are refused before any work."""

from __future__ import annotations

from collections.abc import Iterable

from lorvp.errors import InputError
from lorvp.experiment.trial import Trial
from lorvp.networks.acceleration.precision import why_slow
from lorvp.recipe import Precision
from tasks.machine.devices import devices, on_nodes
from tasks.settings import ComputeConfig


def require_fast_precisions(trials: Iterable[Trial], compute: ComputeConfig) -> None:
    """Refuse precisions in which a device of this machine is slow that would get the trials.

    Each machine of a cluster asks its own devices when it gets a trial (``require_fast``).

    Raises:
        InputError: one of the trials has a precision in which a device is slow.
    """
    wanted: set[Precision] = {trial.training.precision for trial in trials}
    if wanted <= {"fp32"} or compute.cluster:
        return
    here = compute if compute.on_this_machine else on_nodes(compute)
    for precision in sorted(wanted):
        for device in devices(here):
            require_fast(precision, device, compute.slow_precision)


def require_fast(precision: Precision, device: str, allow_slow: bool) -> str | None:
    """Why ``device`` is slow in this precision, or None if it is not.

    Raises:
        InputError: it is slow, and ``allow_slow`` is false.
    """
    why = why_slow(precision, device)
    if why is None or allow_slow:
        return why
    raise InputError(
        f"params.yaml: grid: training.precision is {precision}, which {device} computes far slower "
        f"than fp32: {why}. Write `precision: fp32`, or accept it with "
        "`compute: {slow_precision: true}`"
    )
