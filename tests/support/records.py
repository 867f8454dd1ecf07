"""Finished trials made up by hand: points of a grid, and what their trial.json would hold."""

from __future__ import annotations

from lorvp.experiment.trial import Point, Trial
from lorvp.mappings.frequency import IlmConfig
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig

METHODS = {"lor_vp r=4": (LorVpConfig(), 384), "full": (FullConfig(), 3072)}
MAPPINGS = {"ilm": (IlmConfig(), 0), "fm": (FmConfig(), 270), "lp": (LpConfig(), 970)}


def record(method, mapping, seed, accuracy, *, dataset="digits", network="net", training="",
           mapping_values=None, seconds=2.0, prompt_linf=0.5) -> tuple[Point, dict]:  # fmt: skip
    """A trial of 20 epochs, whose validation accuracy is 0.1 below its test accuracy."""
    (method_settings, content), (mapping_settings, trained) = METHODS[method], MAPPINGS[mapping]
    head = trained if mapping_values is None else mapping_values
    trial = Trial(
        dataset=dataset,
        network=network,
        seed=seed,
        method=method_settings,
        mapping=mapping_settings,
    )
    summary = {
        "val_accuracy": accuracy - 0.1,
        "test_accuracy": accuracy,
        "best_epoch": 1,
        "epochs": 20,
        "test_accuracy_of_best_test_epoch": None,
        "content_values": content,
        "placement_values": 0,
        "mapping_values": head,
        "trained_values": content + head,
        "seconds": seconds,
        "wall_seconds": 3 * seconds,
        "prompt_linf": prompt_linf,
    }
    facts = {"fingerprint": f"{method} {mapping} {seed}", "summary": summary}
    return Point(trial, method, mapping, training), facts


TWO_BY_TWO = [
    record("lor_vp r=4", "ilm", 0, 0.60, seconds=1.0),
    record("lor_vp r=4", "ilm", 1, 0.70, seconds=2.0),
    record("lor_vp r=4", "lp", 0, 0.90, seconds=3.0),
    record("lor_vp r=4", "lp", 1, 0.90, seconds=3.0),
    record("full", "ilm", 0, 0.5),
    record("full", "lp", 0, 0.25),
    record("full", "lp", 1, 0.50),
    record("full", "lp", 2, 0.75),
]
