"""`python -m flows.checkpoints NAME`: make one frozen network of params.yaml."""

import sys

from lorvp import params
from tasks.errors import for_people
from tasks.prepare import prepare_checkpoint

if __name__ == "__main__":
    with for_people():
        prepare_checkpoint(sys.argv[1], params.read().params)
