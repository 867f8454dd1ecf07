"""Make one dataset or one checkpoint."""

from __future__ import annotations

import torch

from lorvp.datasets import prepared
from lorvp.networks import checkpoint, pretraining
from lorvp.params import Params, ParamsError
from tasks.errors import naming
from tasks.places import CHECKPOINTS, DATASETS, WORK

THREADS = 2
"""Fixed, because sums over threads differ in their last bits with the number of threads."""


def prepare_dataset(name: str, params: Params) -> None:
    """Write data/datasets/NAME.

    Raises:
        ParamsError: the settings do not suit the source.
    """
    with naming(f"datasets.{name}"):
        prepared.write(DATASETS / name, params.datasets[name].source(), WORK)


def prepare_checkpoint(name: str, params: Params) -> None:
    """Write data/checkpoints/NAME: a network trained on one of the datasets.

    Raises:
        ParamsError: the settings do not suit the dataset, or the network does not know its own
            task well enough.
    """
    config = params.checkpoints[name]
    data = prepared.read(DATASETS / config.dataset)
    torch.set_num_threads(THREADS)
    with naming(f"checkpoints.{name}"):
        network = pretraining.train(config, data)
    accuracy = pretraining.accuracy(network, data.split("test"), config)
    print(f"{name}: {accuracy:.2%} of the held-out {config.dataset} images right")
    if accuracy < config.min_accuracy:
        raise ParamsError(
            f"params.yaml: checkpoints.{name}: {accuracy:.2%} of the held-out images right, "
            f"less than min_accuracy ({config.min_accuracy:.0%}); train longer or lower it"
        )
    checkpoint.write(
        CHECKPOINTS / name,
        network,
        WORK,
        architecture=config.architecture,
        input_size=config.size,
        mean=pretraining.MEAN,
        std=pretraining.STD,
        class_names=data.class_names,
        origin=f"trained here on {config.dataset} ({data.digest[:12]})",
        accuracy=accuracy,
    )
