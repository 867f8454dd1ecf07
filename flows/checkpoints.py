"""`python -m flows.checkpoints NAME`: make one frozen network of params.yaml."""

from lorvp import params
from tasks.errors import for_people
from tasks.prepare import prepare_checkpoint
from tasks.stage_key import asked_for
from tasks.surroundings import require_places

if __name__ == "__main__":
    with for_people():
        experiment = params.read().params
        require_places()
        prepare_checkpoint(asked_for("checkpoints", experiment.checkpoints), experiment)
