"""Numbers of trained values against the papers' formulas and printed numbers."""

import pytest
import torch
from unit.tiny import FEATURES, SOURCES, TARGETS, tiny_network, trial

from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.selection import FlmConfig, IdentityConfig, IlmConfig
from lorvp.prompts.contents.free import FreeConfig
from lorvp.prompts.contents.low_rank import LowRankConfig
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.compose import ComposeConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.prompts.placements.border import BorderConfig
from lorvp.prompts.placements.regions import RegionsConfig
from lorvp.running import build

SIZE = (224, 224)


def values(method, size=SIZE) -> dict[str, int]:
    with torch.random.fork_rng():
        model = build(trial(method, IdentityConfig()), tiny_network(size), TARGET_NAMES)
    groups = model.parameter_groups()
    return {role: sum(p.numel() for p in group) for role, group in groups.items()}


def generator_values(hidden: int, side: int) -> int:
    """A 3x3 convolution 3 -> D with bias, and one of the region's size D -> 2 with bias."""
    return (3 * 3 * 3 * hidden + hidden) + (hidden * 2 * side * side + 2)


# The four printed numbers of Bahng et al., and half the side: the whole image.
@pytest.mark.parametrize(
    ("width", "printed"),
    [(5, 13_140), (30, 69_840), (60, 118_080), (90, 144_720), (112, 150_528)],
)
def test_border(width, printed):
    assert printed == 2 * 3 * width * (224 + 224 - 2 * width)
    assert values(PadConfig(width=width)) == {"content": printed}


def test_border_of_a_canvas_that_is_not_square():
    assert values(PadConfig(width=3), size=(24, 40)) == {"content": 2 * 3 * 3 * (24 + 40 - 6)}


@pytest.mark.parametrize(("rank", "printed"), [(1, 1_344), (4, 5_376), (8, 10_752), (16, 21_504)])
def test_low_rank(rank, printed):
    assert printed == 3 * rank * (224 + 224)
    assert values(LorVpConfig(rank=rank)) == {"content": printed}


def test_low_rank_of_a_canvas_that_is_not_square():
    assert values(LorVpConfig(rank=2), size=(24, 40)) == {"content": 3 * 2 * (24 + 40)}


def test_full_is_one_value_per_channel_and_pixel():
    assert values(FullConfig()) == {"content": 150_528}


def test_none_has_nothing():
    assert values(NoneConfig()) == {}


def test_adavipro_with_the_papers_defaults():
    """0.07 M of border and about 0.13 M for the choice."""
    generator = 27 * 64 + 64 + 2 * 64 * 32 * 32 + 2
    assert generator == generator_values(64, 32) == 132_866
    assert values(AdaViProConfig()) == {"content": 69_840, "placement": generator}


def test_small_adavipro_has_the_reported_total():
    found = values(AdaViProConfig(hidden=8))
    assert found["placement"] == generator_values(8, 32)
    assert sum(found.values()) == 69_840 + 16_610
    assert round(sum(found.values()) / 1e6, 2) == 0.09


@pytest.mark.parametrize(("side", "hidden"), [(8, 8), (16, 64), (56, 4)])
def test_regions_of_other_sides(side, hidden):
    method = ComposeConfig(content=FreeConfig(), placement=RegionsConfig(side=side, hidden=hidden))
    assert values(method) == {"content": 150_528, "placement": generator_values(hidden, side)}


def test_low_rank_in_a_border_keeps_its_two_matrices_whole():
    method = ComposeConfig(content=LowRankConfig(rank=4), placement=BorderConfig(width=30))
    assert values(method) == {"content": 5_376}


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (IdentityConfig(), {}),
        (FlmConfig(), {}),
        (IlmConfig(), {}),
        (FmConfig(), {"mapping": SOURCES * TARGETS + TARGETS}),
        (LpConfig(), {"mapping": FEATURES * TARGETS + TARGETS}),
    ],
)
def test_mappings(mapping, expected):
    model = build(trial(NoneConfig(), mapping), tiny_network(), TARGET_NAMES)
    groups = model.parameter_groups()
    assert {role: sum(p.numel() for p in group) for role, group in groups.items()} == expected
