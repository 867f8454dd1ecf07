"""`python -m flows.checkpoints NAME`: make one frozen network of params.yaml."""

from tasks import settings
from tasks.errors import for_people
from tasks.machine.surroundings import require_places
from tasks.stages.prepare import prepare_checkpoint
from tasks.stages.stage_key import asked_for

if __name__ == "__main__":
    with for_people():
        experiment = settings.read().params
        require_places()
        prepare_checkpoint(asked_for("checkpoints", experiment.checkpoints), experiment)
