"""`python -m flows.schema > data/params.schema.json`: what editors know of params.yaml."""

from lorvp.experiment.json_schema import schema
from lorvp.files.whole import to_json
from tasks.orchestration.command_line import run
from tasks.settings import RunParams


def main() -> None:
    """Print it."""
    print(to_json(schema(RunParams)), end="")


if __name__ == "__main__":
    run(main)
