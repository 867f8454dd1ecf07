"""The sections of params.yaml that say where trials run and what else is told of them.

Nothing here changes a result, so no stage depends on it, and `lorvp` does not know it.
"""

from __future__ import annotations

from pathlib import Path
from pkgutil import resolve_name
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from lorvp.experiment import params
from lorvp.experiment.params import Experiment, Params
from lorvp.performance.lanes import MOST
from lorvp.settings import LARGEST, Count, Positive, Settings
from lorvp.text.quoted import shown

LOCAL = "local"
RUNNERS = {
    LOCAL: "tasks.runners.local:OnThisMachine",
    "ray": "tasks.runners.ray_runner:OnRay",
    "dask": "tasks.runners.dask_runner:OnDask",
}
"""What trials run on: the class of each runner by its name in params.yaml."""

TRACKERS = {"wandb": "tasks.tracking.wandb", "tensorboard": "tasks.tracking.tensorboard"}
"""What is told of trials while they train: the module of each tracker by its key in ``tracking``.
It has ``require``, ``start`` and ``publish``, see ``tasks/tracking/tracker.py``."""


OFF = ("disabled", False)
"""Values of a tracker's key that switch it off."""


def _known(runner: str) -> str:
    if runner not in RUNNERS:
        raise ValueError(f"there is no runner {shown(runner)}; there is: {', '.join(RUNNERS)}")
    return runner


RunnerName = Annotated[
    str, AfterValidator(_known), WithJsonSchema({"enum": list(RUNNERS), "type": "string"})
]
Mode = Literal["disabled", "offline", "online"]


class ComputeConfig(Settings):
    """Where trials run. Nothing here changes a result, and no stage depends on it."""

    workers: Count | Literal["auto"] = "auto"
    """Trials at once; auto is one for each CPU core, or `trials_per_device` for each GPU."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """auto is cuda where there is one, else cpu. Networks of `kind: trained` are trained there too;
    one that is already there stays, wherever it was trained."""
    trials_per_device: Count = 1
    """Processes that share a GPU, each with its lanes. `lanes` leave less of it idle."""
    lanes: Annotated[int, Field(ge=1, le=MOST)] | Literal["auto"] = "auto"
    """Trials that go through a GPU's network together; auto takes the number from network, batch
    and the card's memory, and is 1 on a CPU. On a cluster, whose cards are not known here, auto is
    1 too; a number hands out groups of so many trials."""
    retries: int = Field(default=1, ge=0, le=1000)
    """How often a trial is tried again when its worker died, memory or time ran out, or a file
    could not be read; it goes on after its last whole epoch. One that diverged is not."""
    time_limit: Positive | None = None
    """Minutes for one try of a trial; none unless given."""
    runner: RunnerName = LOCAL
    """What trials run on: processes of this machine, or Ray or Dask (`uv sync --extra ray`)."""
    cluster: str | None = None
    """Where a Ray or Dask cluster listens, such as `10.0.0.5:6379` or `tcp://10.0.0.5:8786`;
    unless given, one is started on this machine for the time of the run."""
    share: str | None = None
    """A folder that every machine of the cluster sees, or a URL such as `s3://bucket/lorvp`: data
    go out and finished trials come back through it."""
    cpus: float = Field(default=1, gt=0, le=LARGEST)
    """Cores that a cluster keeps for a trial, which itself uses one."""
    gpus: float = Field(default=0, ge=0, le=1)
    """The part of a GPU that a cluster keeps for a trial; 0.5 lets two share one."""
    slow_precision: bool = False
    """Train in a `precision` that the device computes far slower than fp32, such as bf16 on a
    processor without bf16 products, instead of refusing it."""

    @model_validator(mode="after")
    def _what_the_runner_needs(self) -> Self:
        elsewhere = [key for key in ("cluster", "share") if getattr(self, key) is not None]
        if self.on_this_machine and elsewhere:
            others = " or ".join(name for name in RUNNERS if name != LOCAL)
            raise ValueError(f"{elsewhere[0]} is for runner: {others}; the runner here is {LOCAL}")
        if self.cluster and not self.share:
            raise ValueError(
                "cluster needs a share: a folder that all its machines see, or a URL such as "
                "s3://bucket/lorvp"
            )
        if not self.on_this_machine and self.device == "cuda" and not self.gpus:
            raise ValueError("device is cuda, so gpus should say how much of one a trial gets: 1")
        return self

    @property
    def on_this_machine(self) -> bool:
        """Whether trials run here, and not on the machines of a cluster."""
        return self.runner == LOCAL


class TrackingConfig(Settings):
    """Who is told of the trials, one run for each. Nothing here changes a result."""

    wandb: Mode = "disabled"
    """Weights & Biases; offline writes to data/wandb without an account; online needs a login."""
    project: str = "lorvp"
    entity: str | None = None
    tensorboard: bool = False
    """Event files in data/tensorboard (`uv sync --extra tensorboard`)."""

    @property
    def services(self) -> list[Any]:
        """The modules of those trackers that are switched on."""
        on = [name for key, name in TRACKERS.items() if getattr(self, key) not in OFF]
        return [resolve_name(name) for name in on]


class RunParams(Params):
    """All of params.yaml."""

    compute: ComputeConfig = ComputeConfig()
    tracking: TrackingConfig = TrackingConfig()


RunExperiment = Experiment[RunParams]


def read(path: Path = Path("params.yaml")) -> RunExperiment:
    """Read and check all of ``path``; see ``lorvp.experiment.params.read_as``."""
    return params.read_as(RunParams, path)
