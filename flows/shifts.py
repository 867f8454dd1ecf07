"""`python -m flows.shifts`: test the grid's prompts on images from elsewhere."""

from tasks import settings
from tasks.orchestration.command_line import run
from tasks.stages.shifts import measure_shifts


def main() -> None:
    measure_shifts(settings.read())


if __name__ == "__main__":
    run(main)
