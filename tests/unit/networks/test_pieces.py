"""A batch goes through the network in pieces: the same outputs, and less memory."""

import pytest
import torch
from torch import Tensor, nn

from lorvp.networks.acceleration import engine as engines
from lorvp.networks.acceleration.engine import Engine
from lorvp.networks.frozen import FrozenNetwork
from tests.support.layers import NORM, frozen, noise, small, whole


@pytest.mark.parametrize(
    ("halvings", "number", "pieces"),
    [(0, 6, [6]), (1, 6, [3, 3]), (2, 6, [2, 2, 2]), (9, 2, [1, 1])],
)
def test_short_of_memory_a_batch_goes_through_in_pieces_and_each_once_more(
    halvings, number, pieces
):
    made, seen = Engine(small()), []
    made.halvings = halvings
    assert made.stem is not None
    made.stem.register_forward_hook(lambda part, given, gives: seen.append(len(gives)))
    canvas_BCHW = noise(number, 3, *made.input_size).float()
    added_1CHW = noise(1, 3, *made.input_size, seed=1).float().requires_grad_(True)
    outputs = made.run(canvas_BCHW, added_1CHW, "features")
    assert seen == pieces
    outputs.sum().backward()
    again = sorted(pieces) if halvings else []
    assert sorted(seen[len(pieces) :]) == again
    with torch.no_grad():
        made.run(canvas_BCHW, added_1CHW, "features")
    assert seen[len(pieces) + len(again) :] == pieces


def results(made: FrozenNetwork, images: int, own: bool) -> list[Tensor]:
    """Outputs and the prompt's gradient."""
    added = noise(images if own else 1, 3, 16, 16, seed=1).requires_grad_(True)
    outputs = made.run(noise(images, 3, 16, 16), added, "logits")
    outputs.square().sum().backward()
    return [outputs.detach(), added.grad]


@pytest.mark.parametrize("own", [False, True], ids=["shared", "each its own"])
@pytest.mark.parametrize("images", [1, 2, 5, 6])
@pytest.mark.parametrize("piece", [1, 2 * 256, 3 * 256 + 255, 100 * 256])
def test_the_size_of_pieces_changes_nothing(monkeypatch, float64, piece, images, own):
    network, sizes = small(), []
    made = Engine(network)
    made.stem.register_forward_hook(lambda module, given, gives: sizes.append(len(gives)))
    monkeypatch.setattr(engines, "PIECE", piece)
    found, expected = results(made, images, own), results(network, images, own)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-13)
    each = max(1, piece // 256)
    assert sizes == [min(each, images - start) for start in range(0, images, each)]


def test_pieces_without_a_stem_change_nothing_either(monkeypatch, float64):
    network = frozen(whole(NORM(3), nn.Conv2d(3, 6, 3), nn.GELU()))
    made = Engine(network)
    assert made.stem is None
    monkeypatch.setattr(engines, "PIECE", 2 * 256)
    for own in (False, True):
        for one, other in zip(results(made, 5, own), results(network, 5, own), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-13)
