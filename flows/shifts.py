"""`python -m flows.shifts`: test the grid's prompts on images from elsewhere."""

from tasks import settings
from tasks.errors import for_people
from tasks.stages.shifts import measure_shifts

if __name__ == "__main__":
    with for_people():
        measure_shifts(settings.read())
