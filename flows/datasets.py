"""`python -m flows.datasets NAME`: prepare one dataset of params.yaml."""

from typing import Annotated

import typer

from tasks import settings
from tasks.machine.surroundings import require_places
from tasks.orchestration.command_line import run
from tasks.stages.prepare import prepare_dataset
from tasks.stages.stage_key import requested_name


def main(name: Annotated[str | None, typer.Argument()] = None) -> None:
    experiment = settings.read().params
    require_places()
    prepare_dataset(requested_name("datasets", experiment.datasets, name), experiment)


if __name__ == "__main__":
    run(main)
