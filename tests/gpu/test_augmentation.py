"""Augmentation on a GPU: captured, without a wait, with the pixels of a CPU."""

import os

import pytest
import torch

from lorvp.augmentation.resized_crop import random_boxes, resampled
from lorvp.augmentation.settings import Augmentation
from lorvp.augmentation.trivial import KINDS, STRENGTHS, changed

# As a worker has it: without it cuBLAS refuses to work with repeatable kernels.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device")
ASKED = [
    Augmentation(enlarge=1.5, flip=True),
    Augmentation(crop_scale=0.08, flip=True),
    Augmentation(crop_scale=0.08, trivial=True),
]


def photos(number: int = 28, height: int = 40, width: int = 32) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    shape = (number, height, width, 3)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_a_captured_batch_is_the_one_that_is_not(asked):
    images_BHWC = photos().cuda()
    generator = torch.Generator("cuda")
    out = torch.empty(28, 3, 24, 24, dtype=torch.uint8, device="cuda")

    def work() -> None:
        out.copy_(asked(images_BHWC, (24, 24), "bicubic", generator))

    generator.manual_seed(5)
    work()
    work()
    expected = out.clone()
    graph = torch.cuda.CUDAGraph()
    graph.register_generator_state(generator)
    with torch.cuda.graph(graph):
        work()
    generator.manual_seed(5)
    graph.replay()
    graph.replay()
    assert torch.equal(out, expected)


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_nothing_waits(asked):
    images_BHWC = photos().cuda()
    generator = torch.Generator("cuda").manual_seed(5)
    asked(images_BHWC, (24, 24), "bicubic", generator)
    torch.cuda.set_sync_debug_mode("error")
    try:
        asked(images_BHWC, (24, 24), "bicubic", generator)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_changes_are_those_of_a_cpu():
    images_BCHW = photos().permute(0, 3, 1, 2).contiguous()
    kind_B = torch.arange(28) % len(KINDS)
    for strength in range(0, STRENGTHS, 5):
        asked = [kind_B, torch.full((28,), strength), torch.ones(28)]
        expected = changed(images_BCHW, *asked)
        found = changed(images_BCHW.cuda(), *(x.cuda() for x in asked)).cpu()
        off = (found.int() - expected.int()).abs().flatten(1)
        # What is moved takes another pixel where the nearest is not clear.
        assert ((off > 1).double().mean(1) < 0.02).all()


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_parts_are_those_of_a_cpu(mode):
    images_BHWC = photos()
    boxes_B4 = random_boxes(images_BHWC, 0.08, 4 / 3)
    expected = resampled(images_BHWC, boxes_B4, (24, 24), mode)
    found = resampled(images_BHWC.cuda(), boxes_B4.cuda(), (24, 24), mode).cpu()
    assert (found.int() - expected.int()).abs().max() <= 2
