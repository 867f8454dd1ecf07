"""The sections of params.yaml that say where trials run and what else is told of them.

Nothing here changes a result, so no stage depends on it, and `lorvp` does not know it.
"""

from tasks.settings.compute import OTHER_RUNNERS, RUNNERS, ComputeConfig, SlurmConfig
from tasks.settings.run import (
    PARAMS,
    RunExperiment,
    RunParams,
    nothing_to_train,
    read,
    read_sections,
)
from tasks.settings.tracking import OTHER_TRACKERS, TRACKERS, TrackingConfig

__all__ = [
    "OTHER_RUNNERS",
    "OTHER_TRACKERS",
    "PARAMS",
    "RUNNERS",
    "TRACKERS",
    "ComputeConfig",
    "RunExperiment",
    "RunParams",
    "SlurmConfig",
    "TrackingConfig",
    "nothing_to_train",
    "read",
    "read_sections",
]
