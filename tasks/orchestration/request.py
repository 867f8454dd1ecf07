"""What the flow of this process is to do.

As the flow's parameter it would be sent to Prefect's server. In the flow's own module it would be
sent to each machine of a cluster with each trial, since flows travel with all that they name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tasks.jobs import Plan
from tasks.runners.base import Runner
from tasks.settings import TrackingConfig


@dataclass(frozen=True)
class Request:
    """What to train, on what, and who is told of it."""

    plan: Plan
    """What can be trained now; ``replan`` says what can be after that."""
    runner: Runner
    tracking: TrackingConfig
    replan: Callable[[], Plan]


_handed_over: list[Request] = []


def hand_over(request: Request) -> None:
    """Keep ``request`` for the flow that this process starts next."""
    _handed_over[:] = [request]


def handed_over() -> Request:
    """The request that the flow was started for."""
    return _handed_over[0]
