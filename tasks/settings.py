"""The sections of params.yaml that say where trials run and what else is told of them.

Nothing here changes a result, so no stage depends on it, and `lorvp` does not know it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, create_model, model_validator

from lorvp.errors import InputError
from lorvp.experiment import params
from lorvp.experiment.params import Experiment, Params
from lorvp.performance.lanes import MOST
from lorvp.plugins.named import Others
from lorvp.settings import LARGEST, Count, Name, Positive, Settings
from lorvp.text.quoted import shown

PARAMS = Path("params.yaml")
LOCAL, SLURM = "local", "slurm"
RUNNERS = {
    LOCAL: "tasks.runners.local:OnThisMachine",
    "ray": "tasks.runners.ray_runner:OnRay",
    "dask": "tasks.runners.dask_runner:OnDask",
    SLURM: "tasks.runners.slurm_runner:OnSlurm",
}
"""What trials run on: the class of each runner by its name in params.yaml."""
OTHER_RUNNERS = Others("lorvp.runners", tuple(RUNNERS), ("check", "task_runner", "team"))
RUNNERS |= OTHER_RUNNERS.places

TRACKERS = {"wandb": "tasks.tracking.wandb", "tensorboard": "tasks.tracking.tensorboard"}
"""What is told of trials while they train: the module of each tracker by its key in ``tracking``.
It has ``require``, ``start`` and ``publish``, see ``tasks/tracking/tracker.py``."""
OTHER_TRACKERS = Others(
    "lorvp.trackers", (*TRACKERS, "project", "entity"), ("NAME", "require", "start", "publish")
)
TRACKERS |= OTHER_TRACKERS.places

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


Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.,:@%+&|()\[\]*-]{0,199}$")]
"""What may stand in a line of a job's script: params.yaml may come from anybody."""


class SlurmConfig(Settings):
    """The jobs that Slurm is asked for. Each holds a worker, which trains one trial after another.

    Whatever else a site wants is told to `sbatch` by its own variables, such as
    `SBATCH_RESERVATION`.
    """

    partition: Word | None = None
    """The site's default unless given; several, separated by commas, are for Slurm to choose."""
    time: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """Minutes of a job; the partition's default unless given. A trial that a job's end interrupts
    goes on in another job."""
    jobs: Count = 1
    """Jobs at once, and no more than there are trials; one that ended is asked for again."""
    trials_per_job: Count = 1
    """Trials that a job trains at once; it gets `compute.cpus` and `compute.gpus` for each."""
    memory: Positive | None = None
    """GB of main memory for a job; the site's default unless given."""
    gpu_type: Word | None = None
    """The kind of GPU in the site's words, such as `a100`; any unless given."""
    account: Word | None = None
    qos: Word | None = None
    constraint: Word | None = None
    """Features that a node needs, such as `skylake|zen4`."""
    interface: Word | None = None
    """The network by which nodes and this machine reach each other, such as `ib0`; whichever
    leads there unless given."""


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
    """What trials run on: processes of this machine, or Ray, Dask or Slurm
    (`uv sync --extra ray`)."""
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
    slurm: SlurmConfig = SlurmConfig()
    """What `runner: slurm` asks Slurm for."""
    slow_precision: bool = False
    """Train in a `precision` that the device computes far slower than fp32, such as bf16 on a
    processor without bf16 products, instead of refusing it."""

    @model_validator(mode="after")
    def _what_the_runner_needs(self) -> Self:
        elsewhere = [key for key in ("cluster", "share") if getattr(self, key) is not None]
        if self.on_this_machine and elsewhere:
            others = " or ".join(name for name in RUNNERS if name != LOCAL)
            raise ValueError(f"{elsewhere[0]} is for runner: {others}; the runner here is {LOCAL}")
        if "slurm" in self.model_fields_set and self.runner != SLURM:
            raise ValueError(f"slurm is for runner: {SLURM}; the runner here is {self.runner}")
        if self.cluster and self.runner == SLURM:
            raise ValueError("cluster is for Ray and Dask; Slurm is found by its program `sbatch`")
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

    @property
    def on_other_machines(self) -> bool:
        """Whether trials run on machines whose devices are not known here."""
        return self.cluster is not None or self.runner == SLURM


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
        on = [key for key in TRACKERS if getattr(self, key) not in OFF]
        return [OTHER_TRACKERS.resolved(TRACKERS, key) for key in on]


if not TYPE_CHECKING and OTHER_TRACKERS.places:  # each has a key, as ours have
    keys = dict.fromkeys(OTHER_TRACKERS.places, (Mode, "disabled"))
    TrackingConfig = create_model(
        "TrackingConfig", __base__=TrackingConfig, __module__=__name__, **keys
    )


def _inside_a_project(path: str) -> str:
    if not path or Path(path).is_absolute() or ":" in path:
        raise ValueError("should be a path from the project's folder, such as my_package")
    return path


CodePath = Annotated[str, AfterValidator(_inside_a_project)]


class RunParams(Params):
    """All of params.yaml."""

    code: dict[Name, CodePath] = Field(default={})
    """Files or folders of your own code, which DVC then looks at: an edit makes the networks that
    it builds (`kind: python`) again."""
    compute: ComputeConfig = ComputeConfig()
    tracking: TrackingConfig = TrackingConfig()


RunExperiment = Experiment[RunParams]


def read(path: Path = PARAMS) -> RunExperiment:
    """Read and check all of ``path``, which asks for trials; see ``read_sections``.

    Raises:
        InputError: it asks for none.
    """
    experiment = read_sections(path)
    if reason := nothing_to_train(experiment):
        raise InputError(f"{path}: {reason}")
    return experiment


def nothing_to_train(experiment: RunExperiment) -> str:
    """A sentence if no trial is asked for, else nothing."""
    if experiment.points or experiment.searches:
        return ""
    return (
        "grid: it asks for no trial, so there is nothing to train; `dvc repro datasets@NAME` or "
        "`dvc repro checkpoints@NAME` prepares a dataset or a network alone"
    )


def read_sections(path: Path = PARAMS) -> RunExperiment:
    """Read and check all of ``path``, with trials or without; see
    ``lorvp.experiment.params.read_as``."""
    OTHER_RUNNERS.require_free()
    OTHER_TRACKERS.require_free()
    return params.read_as(RunParams, path)
