"""Made-up results, histories and sweeps for pictures, with numbers that are easy to work out."""

import json

import polars as pl

from lorvp.experiment.trial import Trial
from lorvp.mappings.frequency import IlmConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig

SETTINGS = Trial(
    dataset="cifar10", network="resnet18", method=LorVpConfig(), mapping=IlmConfig()
).model_dump_json()
"""Of all trials here, which were trained alike."""
TRAINED = {
    "none": 0,
    "pad p=6": 15_696,
    "full": 150_528,
    "lor_vp r=1": 1_344,
    "lor_vp r=4": 5_376,
    "adavipro p=6 s=8": 42_000,
    "lor_vp_regions r=4 s=8": 12_800,
}
MAPPINGS = {"flm": 0.35, "ilm": 0.42, "fm": 0.62, "lp": 0.80}


def results(seeds=3, datasets=("cifar10",), training="") -> pl.DataFrame:
    """A full grid; accuracy rises by 0.02 with each method and by 0.01 with each seed."""
    return pl.DataFrame(
        {
            "trial": f"{method} {mapping}", "dataset": dataset, "network": "resnet18",
            "method": method, "mapping": mapping, "training": training, "tuned": None,
            "seed": seed,
            "val_accuracy": 0.5, "test_accuracy": start + 0.02 * place + 0.01 * seed,
            "trained_values": trained + (5130 if mapping == "lp" else 0), "seconds": 1.0,
            "placement_values": 0, "mapping_values": 5130 if mapping == "lp" else 0,
            "settings": SETTINGS,
        }
        for dataset in datasets
        for place, (method, trained) in enumerate(TRAINED.items())
        for mapping, start in MAPPINGS.items()
        for seed in range(seeds)
    )  # fmt: skip


def history(epochs=5) -> pl.DataFrame:
    """Validation accuracy of each epoch; it rises by 0.05 in all, and `none` has one epoch."""
    return pl.DataFrame(
        {"method": method, "mapping": mapping, "seed": seed, "epoch": epoch,
         "val_accuracy": start + 0.05 * epoch / epochs, "seconds": 0.5 * epoch}
        for method in TRAINED
        for mapping, start in MAPPINGS.items()
        for seed in range(2)
        for epoch in range(1, 1 + (1 if method == "none" else epochs))
    )  # fmt: skip


def swept_results() -> pl.DataFrame:
    """Ranks 1, 4 and 16 with two rates each; validation likes rate 0.5, test rate 0.1."""
    return pl.DataFrame(
        {
            "trial": f"{rank} {lr} {mapping}", "dataset": "d", "network": "n",
            "method": f"lor_vp r={rank}", "mapping": mapping, "training": f"lr={lr}", "seed": 0,
            "val_accuracy": 0.5 + lr, "test_accuracy": 0.5 + 0.01 * rank - 0.1 * lr,
            "trained_values": 100,
            "settings": json.dumps({"method": {"kind": "lor_vp", "rank": rank, "std": 0.01},
                                    "training": {"lr": lr, "warm": True, "epochs": 3}}),
        }
        for rank in (1, 4, 16) for lr in (0.1, 0.5) for mapping in ("ilm", "lp")
    )  # fmt: skip
