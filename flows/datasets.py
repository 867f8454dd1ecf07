"""`python -m flows.datasets NAME`: prepare one dataset of params.yaml."""

from typing import Annotated

import typer

from tasks import settings
from tasks.machine.surroundings import require_places
from tasks.orchestration.command_line import run
from tasks.stages.prepare import prepare_dataset
from tasks.stages.stage_key import requested_name
from tasks.stages.usable import require_usable


def main(name: Annotated[str | None, typer.Argument()] = None) -> None:
    experiment = settings.read_sections()
    require_places()
    wanted = requested_name("datasets", experiment.params.datasets, name)
    if name is None:
        require_usable(experiment)
    prepare_dataset(wanted, experiment.params)
    if reason := settings.nothing_to_train(experiment):
        print(f"note: {settings.PARAMS}: {reason}")


if __name__ == "__main__":
    run(main)
