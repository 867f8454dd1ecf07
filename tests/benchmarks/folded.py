"""`python -m tests.benchmarks.folded [NETWORK...]`: what using a trained prompt costs.

A low-rank prompt with a linear mapping at 224 pixels, one thread, the variants taking turns; images
per second by the clock, medians. `bare` is the network without a prompt or a mapping.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import onnxruntime
import polars as pl
import timm
import torch
from torch import Tensor

from lorvp.deployment.classifier import Classifier
from lorvp.deployment.fold import with_mapping, with_prompt
from lorvp.deployment.graphs import OnCanvas, write_onnx
from lorvp.experiment.trial import Trial
from lorvp.results import tables
from lorvp.trials.run import build
from tests.benchmarks.training import CLASSES, SIZE, frozen

NETWORKS, BATCHES, ROUNDS, SECONDS = ["resnet18", "vit_tiny_patch16_224"], [1, 32], 7, 1.0


def variants(name: str, batch: int, folder: Path) -> dict[str, Callable[[], object]]:
    """Functions that compute logits of ``batch`` images; all but `bare` give the same logits."""
    settings = {"dataset": "any", "network": "any", "method": "lor_vp", "mapping": "lp"}
    names = [f"class {k}" for k in range(CLASSES)]
    model = build(Trial.model_validate(settings), frozen(name), names).eval()
    with torch.no_grad():
        for parameter in model.prompt.content.parameters():
            parameter.normal_(std=0.1)
    classifier = Classifier(model, names)
    image_BHWC = torch.randint(0, 256, (batch, *SIZE, 3), dtype=torch.uint8)
    canvas_BCHW = image_BHWC.permute(0, 3, 1, 2).contiguous() / 255
    x_BCHW = model.network.normalise(canvas_BCHW)
    unfolded = OnCanvas(model).eval()
    folded = with_mapping(with_prompt(model), model.mapping)
    bare = timm.create_model(name, num_classes=CLASSES).eval()
    bare.to(memory_format=torch.channels_last)  # as the others are
    write_onnx(classifier, folder / "graph.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / "graph.onnx", options)
    given = {"images": canvas_BCHW.numpy()}
    found: dict[str, Callable[[], Tensor]] = {
        "prompt added to each image": lambda: unfolded(canvas_BCHW),
        "lorvp.load": lambda: classifier(image_BHWC),
        "folded": lambda: folded(x_BCHW),
        "ONNX": lambda: torch.from_numpy(session.run(None, given)[0]),
    }
    expected = found["lorvp.load"]()
    for way in found.values():
        torch.testing.assert_close(way(), expected, rtol=1e-4, atol=1e-4)
    return {**found, "bare": lambda: bare(x_BCHW)}


def rate(way: Callable[[], object], batch: int) -> float:
    """Images per second by the clock, over about a second."""
    start, images = time.perf_counter(), 0
    while (passed := time.perf_counter() - start) < SECONDS:
        way()
        images += batch
    return images / passed


@torch.inference_mode()
def measured(name: str, batch: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode(False):
        ways = variants(name, batch, Path(folder))
    rates: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, call in ways.items():
            rates[way].append(rate(call, batch))
    found = {way: round(statistics.median(values), 1) for way, values in rates.items()}
    return {"network": name, "images at once": batch, **found}


def main(networks: list[str]) -> None:
    torch.set_num_threads(1)
    rows = [measured(name, batch) for name in networks for batch in BATCHES]
    print(tables.markdown(pl.DataFrame(rows)))


if __name__ == "__main__":
    main(sys.argv[1:] or NETWORKS)
