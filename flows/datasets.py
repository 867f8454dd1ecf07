"""`python -m flows.datasets NAME`: prepare one dataset of params.yaml."""

import sys

from lorvp import params
from tasks.errors import for_people
from tasks.prepare import prepare_dataset

if __name__ == "__main__":
    with for_people():
        prepare_dataset(sys.argv[1], params.read().params)
