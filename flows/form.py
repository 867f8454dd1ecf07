"""The flow behind the form in Prefect's UI: the grid of params.yaml with some of it changed.

No ``from __future__ import annotations``: Prefect would take names in them for its own.
"""

import re
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from ruamel.yaml import YAML

from flows.train import run
from lorvp.errors import InputError
from lorvp.experiment import yaml_file
from lorvp.experiment.overrides import MAPPINGS, METHODS, changed
from lorvp.files.whole import write_whole
from lorvp.recipe import TrainingConfig
from lorvp.trials.store import TrialStore, default_root
from tasks import settings
from tasks.orchestration.command_line import refuse
from tasks.orchestration.form import filled_in, form_of, one_of
from tasks.orchestration.request import Request
from tasks.orchestration.run_lock import one_run
from tasks.paths import WORK
from tasks.runners.base import runner
from tasks.searches.plan import make_plan
from tasks.settings import PARAMS, ComputeConfig, RunExperiment
from tasks.tracking.tracker import require

DATASETS: list[str] = []
NETWORKS: list[str] = []
"""Names that the form lists: those of params.yaml when it is served."""
Dataset = Annotated[Any, one_of(DATASETS, "dataset")]
Network = Annotated[Any, one_of(NETWORKS, "network")]
Method = Annotated[Any, one_of(METHODS, "method")]
Mapping = Annotated[Any, one_of(MAPPINGS, "mapping")]
Training = Annotated[dict[str, Any], form_of(TrainingConfig, sweep=True)]
Compute = Annotated[dict[str, Any], form_of(ComputeConfig)]
NONE: list[Any] = []
NOTHING: dict[str, Any] = {}


@flow(name="grid")
def train_grid(
    datasets: list[Dataset] = NONE,
    networks: list[Network] = NONE,
    methods: list[Method] = NONE,
    ranks: list[int] = NONE,
    mappings: list[Mapping] = NONE,
    seeds: list[int] = NONE,
    training: Training = NOTHING,
    compute: Compute = NOTHING,
    grid: dict[str, Any] = NOTHING,
) -> State:
    """Train what params.yaml asks for, with what is filled in here in place of what it says.

    Every list is a sweep. Finished trials are kept in the store, where the next `dvc repro`
    finds those that its params.yaml asks for.

    Args:
        datasets: In place of those of each block: names in params.yaml.
        networks: In place of those of each block: names in params.yaml.
        methods: Only these. One that params.yaml has keeps its settings, another has its defaults.
        ranks: Of all methods that have a rank.
        mappings: Only these.
        seeds: Only these.
        training: For all methods. What is left empty is as in params.yaml.
        compute: For this run. What is left empty is as in params.yaml.
        grid: Blocks as in params.yaml, in place of its grid; empty for the grid of params.yaml.
    """
    changes = {
        "datasets": datasets,
        "networks": networks,
        "methods": methods,
        "ranks": ranks,
        "mappings": mappings,
        "seeds": seeds,
        "training": filled_in(training),
        "compute": filled_in(compute),
        "grid": grid,
    }
    logger = get_run_logger()
    try:
        file = write_params(changes, str(flow_run.get_name()))
        experiment = settings.read(file)
        publish(file, experiment)
        place = runner(experiment.params.compute)
        place.check()
        require(experiment.params.tracking)
        with one_run(tell=logger.info):
            replan = partial(make_plan, experiment, TrialStore(default_root()))
            failed = run(Request(replan(), place, experiment.params.tracking, replan))
            failures = "\n".join(filter(None, [failed, *replan().problems]))
    except InputError as error:
        logger.error(str(error))
        return Failed(message=str(error))
    if failures:
        return Failed(message=failures)
    number = len(replan().jobs)
    return Completed(message=f"{number} trials are in the store")


def offer(experiment: RunExperiment) -> None:
    """Have the form list the names of datasets and networks that there are."""
    DATASETS[:] = experiment.params.datasets
    NETWORKS[:] = experiment.params.checkpoints


def write_params(changes: dict[str, Any], name: str) -> Path:
    """Write a params.yaml of the run's own, and return its path."""
    settings.read(PARAMS)  # mistakes in it are told with its lines
    file = WORK / "forms" / (re.sub(r"[^\w.-]+", "-", name) + ".yaml")
    write_whole(file, _as_yaml(changed(yaml_file.read(PARAMS).data, changes)))
    return file


def _as_yaml(data: dict[str, Any]) -> str:
    text = StringIO()
    YAML().dump(data, text)
    return text.getvalue()


def publish(file: Path, experiment: RunExperiment) -> None:
    """Publish the grid on the run's page."""
    create_markdown_artifact(
        f"{len(experiment.points)} trials. To have them in `data/tables`, put the grid below into "
        "`params.yaml` and run `dvc repro`; nothing is trained again.\n\n"
        f"```yaml\n{_as_yaml({'grid': yaml_file.read(file).data['grid']})}```",
        key="params",
        description="What this run trains",
    )


if __name__ == "__main__":
    refuse(__doc__, "`lorvp serve` shows the form")
