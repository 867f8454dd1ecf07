"""`python -m flows.datasets NAME`: prepare one dataset of params.yaml."""

from lorvp import params
from tasks.errors import for_people
from tasks.prepare import prepare_dataset
from tasks.stage_key import asked_for
from tasks.surroundings import require_places

if __name__ == "__main__":
    with for_people():
        experiment = params.read().params
        require_places()
        prepare_dataset(asked_for("datasets", experiment.datasets), experiment)
