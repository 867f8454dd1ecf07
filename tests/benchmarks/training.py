"""`python -m tests.benchmarks.training [NETWORK...]`: this trainer against the published way.

The variants use the same network and images on one thread, in turns; the table has medians of CPU
time for each image, with that of loader processes. The limit is the rate of a plain product of
matrices, measured in the same run, over the multiplications that a step or a look needs at least.
"""

from __future__ import annotations

import ctypes
import resource
import statistics
import sys
import time
from collections.abc import Callable
from typing import cast

import polars as pl
import timm
import torch

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.experiment.trial import Trial
from lorvp.images import Size
from lorvp.networks import checkpoint
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.libraries.timm_models import create
from lorvp.networks.manifest import Facts
from lorvp.performance import flops as cost
from lorvp.performance.profile import matmul_rate, repeated_epoch
from lorvp.recipe import Precision
from lorvp.results import tables
from lorvp.training.evaluation import predict
from lorvp.trials.run import build
from tasks.machine.memory import OPTIONS, keep_freed_memory
from tests.benchmarks.published_way import PublishedTrainer
from tests.support.counting import refresh_mapping

SIZE, CLASSES, BATCH, IMAGES, ROUNDS = (224, 224), 10, 32, 64, 5
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
NETWORKS = ["resnet18", "vit_tiny_patch16_224"]
WORK = ["training epoch", "ilm epoch", "evaluation"]


def images(number: int = IMAGES) -> LabelledImages:
    """Random images of CIFAR's size."""
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (number, 32, 32, 3), generator=random, dtype=torch.uint8)
    return LabelledImages(pixels, torch.randint(CLASSES, (number,), generator=random))


def trial(mapping: str, precision: Precision) -> Trial:
    training = {"epochs": 1, "batch_size": BATCH, "precision": precision}
    settings = {"dataset": "noise", "network": "any", "method": "lor_vp", "mapping": mapping}
    return Trial.model_validate(settings | {"training": training})


class Ours:
    """An epoch and an evaluation as this project does them."""

    def __init__(self, asked: Trial, network: FrozenNetwork, found: LabelledImages) -> None:
        names = [f"class {k}" for k in range(CLASSES)]
        self.model, self.found = build(asked, network, names).to(found.device), found
        self.train = repeated_epoch([self.model], found, asked.training)

    def epoch(self) -> None:
        refresh_mapping(self.model, self.found, 0)
        self.train()

    def evaluation(self) -> None:
        predict(self.model, self.found)


def allocate(way: str) -> None:
    """Set glibc's limits as large blocks make it set them, or as our workers do."""
    if way != "published":
        keep_freed_memory()
        return
    glibc = ctypes.CDLL(None)
    for option, seen in zip(OPTIONS.values(), (2**25, 2**26), strict=True):
        glibc.mallopt(option, seen)


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of this process, and of its child processes that ended meanwhile."""

    def now() -> float:
        used = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    start = now()
    work()
    return now() - start


def frozen(architecture: str, size: Size = SIZE, sources: int = 1000) -> FrozenNetwork:
    """A frozen network with random weights, which take as long as trained ones."""
    names = [f"source {s}" for s in range(sources)]
    return FrozenNetwork(create(architecture, sources, size).eval(), size, MEAN, STD, names)


def variants(architecture: str, found: LabelledImages) -> dict[tuple[str, str], Callable]:
    """The functions to measure in turns, by work and way."""
    made = timm.create_model(architecture).eval().requires_grad_(False)
    network = frozen(architecture)
    ways: dict[tuple[str, str], Callable] = {}
    for work, mapping in (("training epoch", "fm"), ("ilm epoch", "ilm")):
        published = PublishedTrainer(made, SIZE, CLASSES, BATCH, ilm=mapping == "ilm")
        ways[work, "published"] = lambda own=published: own.epoch(found)
        for precision in ("fp32", "bf16"):
            ours = Ours(trial(mapping, cast(Precision, precision)), network, found)
            ways[work, precision] = ours.epoch
            ways["evaluation", precision] = ours.evaluation
        ways["evaluation", "published"] = lambda own=published: own.accuracy(found)
    return ways


def flops(architecture: str, size: Size = SIZE, sources: int = 1000) -> tuple[float, float]:
    """The operations that a training step and a look need for one image."""
    names = [f"source {s}" for s in range(sources)]
    facts = Facts(library="timm", architecture=architecture, input_size=size, mean=MEAN, std=STD,
                  interpolation="bilinear", class_names=names, source="")  # fmt: skip
    manifest, network = checkpoint.sketch(facts)
    image = cost.per_image(trial("fm", "fp32").method, manifest, network, ["a"], "logits")
    return image.step, image.look


def measured(architecture: str) -> pl.DataFrame:
    """A row for each variant: its median, and how it compares."""
    found = images()
    ways = variants(architecture, found)
    rates = {p: matmul_rate(p) for p in ("fp32", "bf16")}
    times: dict[tuple[str, str], list[float]] = {way: [] for way in ways}
    for turn in range(ROUNDS + 1):
        for way, work in ways.items():
            allocate(way[1])
            seconds = cpu_seconds(work)
            if turn:  # the first is for warming up
                times[way].append(seconds)
    step, look = flops(architecture)
    needs = {"training epoch": step, "ilm epoch": step + look, "evaluation": look}
    rows = []
    for work in WORK:
        base = statistics.median(times[work, "published"])
        for way in ("published", "fp32", "bf16"):
            seconds = statistics.median(times[work, way])
            limit = rates.get(way, rates["fp32"]) / needs[work]
            rows.append({
                "network": architecture, "work": work, "way": way,
                "images per core-second": round(IMAGES / seconds, 2),
                "times the published way": round(base / seconds, 2),
                "% of the limit": round(100 * IMAGES / seconds / limit),
            })  # fmt: skip
    return pl.DataFrame(rows)


def main(architectures: list[str]) -> None:
    torch.set_num_threads(1)
    start = time.time()
    found = pl.concat([measured(architecture) for architecture in architectures])
    print(tables.markdown(found))
    print(f"{ROUNDS} rounds of {IMAGES} images, batch {BATCH}, {time.time() - start:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:] or NETWORKS)
