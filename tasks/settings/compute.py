"""`compute` in params.yaml: where trials run."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from lorvp.performance.lanes import MOST
from lorvp.plugins.named import Others
from lorvp.settings import LARGEST, Count, Positive, Settings
from lorvp.text.quoted import shown

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


def _known(runner: str) -> str:
    if runner not in RUNNERS:
        raise ValueError(f"there is no runner {shown(runner)}; there is: {', '.join(RUNNERS)}")
    return runner


RunnerName = Annotated[
    str, AfterValidator(_known), WithJsonSchema({"enum": list(RUNNERS), "type": "string"})
]

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
