"""Runs of trials, and what is compared of two of them."""

import torch

from lorvp.prompts.methods.full import FullConfig
from lorvp.training.trainer import fit
from lorvp.trials.result import history_rows
from lorvp.trials.run import build
from tests.support.tiny import TARGET_NAMES, tiny_network, trial

TIMES = {"seconds", "wall_seconds"}


def without_seconds(history) -> list[dict]:
    """The rows of a history without what differs from run to run."""
    return [{k: v for k, v in row.items() if k not in TIMES} for row in history_rows(history)]


def noisy(seed: int, epochs: int = 8):
    """A rate so high that validation accuracy goes up and down."""
    return trial(FullConfig(), seed=seed, epochs=epochs, lr=0.2)


def trained(wanted, data):
    """The model after its last epoch."""
    torch.manual_seed(wanted.seed)
    model = build(wanted, tiny_network(), TARGET_NAMES)
    list(fit(model, data.split("train"), data.split("val"), wanted.training))
    return model
