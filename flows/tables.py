"""`python -m flows.tables`: comparison tables and pictures of the grid's trials."""

from tasks import settings
from tasks.orchestration.command_line import run
from tasks.stages.tables import write_tables


def main() -> None:
    write_tables(settings.read())


if __name__ == "__main__":
    run(main)
