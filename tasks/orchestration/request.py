"""What the flow of this process is to do.

As the flow's parameter it would be sent to Prefect's server. In the flow's own module it would be
sent to each machine of a cluster with each trial, since flows travel with all that they name.
"""

from __future__ import annotations

from tasks.jobs import Plan
from tasks.settings import RunParams

_asked: list[tuple[Plan, RunParams]] = []


def ask(plan: Plan, settings: RunParams) -> None:
    _asked[:] = [(plan, settings)]


def asked() -> tuple[Plan, RunParams]:
    return _asked[0]
