"""`python -m flows.code NAME`: note down what users' own code is, by its name in params.yaml."""

from typing import Annotated

import typer

from tasks import settings
from tasks.orchestration.command_line import run
from tasks.stages.own_code import note_code
from tasks.stages.stage_key import requested_name


def main(name: Annotated[str | None, typer.Argument()] = None) -> None:
    params = settings.read_sections().params
    note_code(requested_name("code", params.code, name), params)


if __name__ == "__main__":
    run(main)
