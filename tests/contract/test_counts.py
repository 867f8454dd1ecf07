"""Numbers of trained values against the papers' formulas and printed numbers."""

from itertools import pairwise

import pytest
import torch

from lorvp.mappings.attrvr import AttrVrConfig
from lorvp.mappings.bayesian import BlmConfig, BlmPlusConfig
from lorvp.mappings.frequency import EvpIndexConfig, FlmConfig, IlmConfig, IlmOnlineConfig
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.mappings.prm import PrmConfig
from lorvp.mappings.rvp import RvpConfig
from lorvp.mappings.selection import IdentityConfig, RlmConfig
from lorvp.mappings.text import SemanticConfig, TextConfig
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Canvas, Ends, Tokens
from lorvp.networks.libraries.timm_models import create
from lorvp.prompts.contents.free import FreeConfig
from lorvp.prompts.contents.low_rank import LowRankConfig
from lorvp.prompts.methods.acavp import AcavpConfig
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.autovp import AutoVpConfig
from lorvp.prompts.methods.blackvip import BlackVipConfig
from lorvp.prompts.methods.compose import ComposeConfig
from lorvp.prompts.methods.dam_vp import DamVpConfig
from lorvp.prompts.methods.dvp import DvpConfig
from lorvp.prompts.methods.evp import EvpConfig
from lorvp.prompts.methods.fixed_patch import FixedPatchConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.full_finetune import FullFinetuneConfig
from lorvp.prompts.methods.ilm_vp import IlmVpConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.prompts.methods.patch_free import PatchFreeConfig
from lorvp.prompts.methods.patch_pad import PatchPadConfig
from lorvp.prompts.methods.patch_same import PatchSameConfig
from lorvp.prompts.methods.random_patch import RandomPatchConfig
from lorvp.prompts.methods.smm import SmmConfig
from lorvp.prompts.methods.vpt import VptConfig
from lorvp.prompts.placements.border import BorderConfig
from lorvp.prompts.placements.corner import CornerConfig
from lorvp.prompts.placements.regions import RegionsConfig
from lorvp.prompts.several.averaged import AveragedConfig
from lorvp.prompts.several.by_image import ByImageConfig
from lorvp.trials.run import build
from tests.support.tiny import (
    FEATURES,
    SOURCES,
    TARGET_NAMES,
    TARGETS,
    TinyNetwork,
    tiny_network,
    trial,
)

# What ViT-B/16 reads at 224 pixels: 768 wide, 12 blocks.
VIT_B = Canvas((224, 224), patch=16, tokens=Tokens(768, 12))


def counted(groups: dict) -> dict[str, int]:
    return {role: sum(p.numel() for p in group) for role, group in groups.items()}


def values(method, canvas: Canvas = VIT_B) -> dict[str, int]:
    """By part of the prompt, as a model groups them."""
    with torch.random.fork_rng():
        parts = method.build(canvas).named_children()
    groups = {role: list(part.parameters()) for role, part in parts}
    return counted({role: group for role, group in groups.items() if group})


def frame(side: int) -> int:
    return 3 * (224 * 224 - side * side)


# The four printed numbers of Bahng et al., and half the side: the whole image.
@pytest.mark.parametrize(
    ("width", "printed"),
    [(5, 13_140), (30, 69_840), (60, 118_080), (90, 144_720), (112, 150_528)],
)
def test_border(width, printed):
    assert printed == 2 * 3 * width * (224 + 224 - 2 * width)
    assert values(PadConfig(width=width)) == {"content": printed}
    assert values(IlmVpConfig(form="additive", width=width)) == {"content": printed}


def test_border_of_a_canvas_that_is_not_square():
    expected = 2 * 3 * 3 * (24 + 40 - 6)
    assert values(PadConfig(width=3), Canvas((24, 40))) == {"content": expected}


@pytest.mark.parametrize("method", [FixedPatchConfig, RandomPatchConfig])
@pytest.mark.parametrize(("width", "expected"), [(30, 2_700), (1, 3), (100, 30_000)])
def test_squares_have_three_values_for_each_of_their_pixels(method, width, expected):
    assert values(method(width=width)) == {"content": expected}


@pytest.mark.parametrize(("rank", "printed"), [(1, 1_344), (4, 5_376), (8, 10_752), (16, 21_504)])
def test_low_rank(rank, printed):
    assert printed == 3 * rank * (224 + 224)
    assert values(LorVpConfig(rank=rank)) == {"content": printed}


def test_low_rank_of_a_canvas_that_is_not_square():
    assert values(LorVpConfig(rank=2), Canvas((24, 40))) == {"content": 3 * 2 * (24 + 40)}


@pytest.mark.parametrize("method", [FullConfig(), PatchFreeConfig()])
def test_one_value_per_channel_and_pixel(method):
    assert values(method) == {"content": 150_528}


def test_patch_same_has_one_patch_of_values():
    assert values(PatchSameConfig()) == {"content": 768}
    assert values(PatchSameConfig(side=32)) == {"content": 3 * 32 * 32}


@pytest.mark.parametrize(("width", "expected"), [(1, 35_280), (2, 65_856)])
def test_patch_pad(width, expected):
    assert expected == 3 * 14 * 14 * (16 * 16 - (16 - 2 * width) ** 2)
    assert values(PatchPadConfig(width=width)) == {"content": expected}


@pytest.mark.parametrize("convention", ["pixel", "clip"])
@pytest.mark.parametrize(("scale", "printed"), [(0.5, 138_240), (1.0, 101_376), (1.5, 39_936)])
def test_autovp(scale, printed, convention):
    assert printed == frame(int(128 * scale))
    assert values(AutoVpConfig(scale=scale, convention=convention)) == {"content": printed}
    trained = AutoVpConfig(scale=scale, convention=convention, train_scale=True)
    assert values(trained) == {"fit": 1, "content": 150_528}


@pytest.mark.parametrize(("side", "printed"), [(32, 147_456), (128, 101_376)])
def test_ilm_vp_around_the_image(side, printed):
    assert printed == frame(side)
    assert values(IlmVpConfig(image_size=side)) == {"content": printed}


def test_evp():
    assert frame(164) == 69_840
    assert values(EvpConfig()) == {"content": 69_840}


@pytest.mark.parametrize(("layers", "printed"), [(5, 26_499), (6, 102_339)])
@pytest.mark.parametrize("patch", [1, 8, 16])
def test_smm(layers, printed, patch):
    widths = [3, 8, 16, 32, 64, 128][:layers]
    blocks = sum(9 * a * b + b + 2 * b for a, b in pairwise(widths))
    assert blocks + 9 * widths[-1] * 3 + 3 == printed
    method = SmmConfig(layers=layers, patch=patch)
    assert values(method) == {"content": 150_528, "placement": printed}
    assert values(method, Canvas((384, 384))) == {"content": 442_368, "placement": printed}
    shared = values(SmmConfig(layers=layers, patch=patch, colours="shared"))
    assert shared == {"content": 150_528, "placement": blocks}


def test_acavp_has_a_gain_and_a_value_for_each_pixel_and_seven_numbers():
    """A rotation, two scales, two shears, two shifts."""
    assert values(AcavpConfig()) == {"fit": 1 + 2 + 2 + 2, "content": 2 * 150_528}


@pytest.mark.parametrize("number", [2, 3, 7])
def test_several_prompts_have_the_values_of_each(number):
    assert values(DamVpConfig(number=number)) == {"content": number * 69_840}
    assert values(DvpConfig(number=number)) == {"content": number * 39_936}
    for several in (ByImageConfig(number=number), AveragedConfig(number=number)):
        low_rank = ComposeConfig(content=LowRankConfig(rank=4), several=several)
        assert values(low_rank) == {"content": number * 5_376}


def test_blackvip():
    """The published code has 9,920: a trigger of 800, and 192 biases that BatchNorm takes away."""
    blocks = [(32, 64, 64), (64, 64, 32), (32, 32, 32), (32, 32, 16)]
    decoder = sum(4 * wide + wide * out + 2 * out for _, wide, out in blocks) + 16 * 3 * 4
    assert decoder == 9_920 - 800 - (64 + 64 + 32 + 32)
    assert values(BlackVipConfig()) == {"placement": decoder + 29 * 7 * 7}


def test_none_has_nothing():
    assert values(NoneConfig()) == {}


def generator_values(hidden: int, side: int) -> int:
    """A 3x3 convolution 3 -> D with bias, and one of the region's size D -> 2 with bias."""
    return (3 * 3 * 3 * hidden + hidden) + (hidden * 2 * side * side + 2)


def test_adavipro_with_the_papers_defaults():
    """0.07 M of border and about 0.13 M for the choice."""
    generator = 27 * 64 + 64 + 2 * 64 * 32 * 32 + 2
    assert generator == generator_values(64, 32) == 132_866
    assert values(AdaViProConfig()) == {"content": 69_840, "placement": generator}
    assert values(AdaViProConfig(edges="grey")) == {"content": 69_840, "placement": generator}


def test_small_adavipro_has_the_reported_total():
    found = values(AdaViProConfig(hidden=8))
    assert found["placement"] == generator_values(8, 32)
    assert sum(found.values()) == 69_840 + 16_610
    assert round(sum(found.values()) / 1e6, 2) == 0.09


@pytest.mark.parametrize(("side", "hidden"), [(8, 8), (16, 64), (56, 4)])
def test_regions_of_other_sides(side, hidden):
    method = ComposeConfig(content=FreeConfig(), placement=RegionsConfig(side=side, hidden=hidden))
    assert values(method) == {"content": 150_528, "placement": generator_values(hidden, side)}


def test_low_rank_has_factors_for_the_rows_and_columns_of_its_placement():
    border = ComposeConfig(content=LowRankConfig(rank=4), placement=BorderConfig(width=30))
    assert values(border) == {"content": 5_376}
    corner = ComposeConfig(content=LowRankConfig(rank=4), placement=CornerConfig(width=30))
    assert values(corner) == {"content": 3 * 4 * (30 + 30)}


@pytest.mark.parametrize("number", [1, 5, 50])
def test_vpt(number):
    assert values(VptConfig(tokens=number)) == {"tokens": number * 768}
    assert values(VptConfig(tokens=number, depth="deep")) == {"tokens": number * 768 * 12}


def fine_tuned(network: FrozenNetwork, mapping, targets) -> dict[str, int]:
    return counted(build(trial(FullFinetuneConfig(), mapping), network, targets).parameter_groups())


def test_full_fine_tuning_trains_all_weights_of_a_resnet18():
    """11.7 M printed; less the classifier's 0.51 M where a new one takes its place."""
    resnet = create("resnet18", 1000)
    network = FrozenNetwork(resnet, (32, 32), [0.5] * 3, [0.5] * 3, [str(s) for s in range(1000)])
    kept = fine_tuned(network, IlmConfig(), TARGET_NAMES)
    assert kept == {"network": 11_689_512}
    replaced = fine_tuned(network, LpConfig(), TARGET_NAMES)
    assert replaced == {"network": 11_689_512 - 513_000, "mapping": 512 * TARGETS + TARGETS}


def test_full_fine_tuning_trains_all_weights_of_a_transformer():
    every = sum(p.numel() for p in TinyNetwork().parameters())
    assert fine_tuned(tiny_network(), IdentityConfig(), TARGET_NAMES) == {"network": every}


CHOOSING = [
    IdentityConfig(), RlmConfig(), RlmConfig(per_target=2), FlmConfig(), FlmConfig(per_target=2),
    IlmConfig(), IlmConfig(per_target=2), IlmOnlineConfig(), EvpIndexConfig(), BlmConfig(),
    BlmPlusConfig(), TextConfig(), SemanticConfig(), AttrVrConfig(), PrmConfig(),
]  # fmt: skip


@pytest.mark.parametrize("mapping", CHOOSING, ids=str)
def test_mappings_that_choose_or_count_train_nothing(mapping):
    model = build(trial(NoneConfig(), mapping), tiny_network(), TARGET_NAMES)
    assert model.parameter_groups() == {}


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (FmConfig(), SOURCES * TARGETS + TARGETS),
        (LpConfig(), FEATURES * TARGETS + TARGETS),
        (RvpConfig(per_class=20), 20 * TARGETS + TARGETS**2),
    ],
)
def test_trained_mappings(mapping, expected):
    model = build(trial(NoneConfig(), mapping), tiny_network(), TARGET_NAMES)
    assert counted(model.parameter_groups()) == {"mapping": expected}


# Features of R18, R50, ViT-B, Swin-B; K = 10 and 100.
@pytest.mark.parametrize("features", [512, 2048, 768, 1024])
@pytest.mark.parametrize("targets", [10, 100])
def test_linear_probes_of_the_papers_networks(features, targets):
    names = tuple(str(s) for s in range(1000))
    ends = Ends(names, features, names[:targets])
    probe = sum(p.numel() for p in LpConfig().build(ends).parameters())
    assert probe == features * targets + targets
    full = sum(p.numel() for p in FmConfig().build(ends).parameters())
    assert full == 1000 * targets + targets
