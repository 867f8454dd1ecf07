"""`python -m flows.tables`: comparison tables and pictures of the grid's trials."""

from tasks import settings
from tasks.errors import for_people
from tasks.stages.tables import write_tables

if __name__ == "__main__":
    with for_people():
        write_tables(settings.read())
