"""`python -m flows.checkpoints NAME`: make one frozen network of params.yaml."""

from typing import Annotated

import typer

from tasks import settings
from tasks.machine.surroundings import require_places
from tasks.orchestration.command_line import run
from tasks.stages.prepare import prepare_checkpoint
from tasks.stages.stage_key import requested_name
from tasks.stages.usable import require_usable


def main(name: Annotated[str | None, typer.Argument()] = None) -> None:
    experiment = settings.read_sections()
    require_places()
    params = experiment.params
    wanted = requested_name("checkpoints", params.checkpoints, name)
    if name is None:
        require_usable(experiment)
    prepare_checkpoint(wanted, params)


if __name__ == "__main__":
    run(main)
