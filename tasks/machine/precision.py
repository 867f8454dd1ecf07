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
    """Ask the devices that these trials will get, unless they are a cluster's: its machines ask
    for themselves when a trial comes (``require_fast``).

    Raises:
        InputError: one of the trials has a precision that a device is slow in.
    """
    wanted: set[Precision] = {trial.training.precision for trial in trials}
    if wanted <= {"fp32"} or compute.cluster:
        return
    here = compute if compute.on_this_machine else on_nodes(compute)
    for precision in sorted(wanted):
        for device in devices(here):
            require_fast(precision, device, compute.slow_precision)


def require_fast(precision: Precision, device: str, allow_slow: bool) -> str | None:
    """Why it is slow, where that is allowed.

    Raises:
        InputError: it is slow, and that is not allowed.
    """
    why = why_slow(precision, device)
    if why is None or allow_slow:
        return why
    raise InputError(
        f"params.yaml: grid: training.precision is {precision}, which {device} computes far slower "
        f"than fp32: {why}. Write `precision: fp32`, or accept it with "
        "`compute: {slow_precision: true}`"
    )
