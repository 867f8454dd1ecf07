"""The names of rows and columns: what always tells them apart, and what is swept."""

import pytest

from lorvp.experiment.params import ParamsError
from lorvp.prompts.contents.low_rank import LowRankConfig
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.compose import ComposeConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.placements.regions import RegionsConfig
from lorvp.settings import symbols
from tests.support.experiments import block


@pytest.mark.parametrize(
    ("method", "labels"),
    [
        ("none", ["none"]),
        ("lor_vp", ["lor_vp r=4"]),
        ("{lor_vp: {rank: [1, 4]}}", ["lor_vp r=1", "lor_vp r=4"]),
        ("{lor_vp: {std: [0.01, 0.1]}}", ["lor_vp r=4 std=0.01", "lor_vp r=4 std=0.1"]),
        ("{lor_vp: {std: 0.1}}", ["lor_vp r=4"]),
        ("{lor_vp: {std: [0.1]}}", ["lor_vp r=4"]),
        ("{pad: {width: 2}}", ["pad p=2"]),
        ("{fixed_patch: {width: 2}}", ["fixed_patch p=2"]),
        ("{smm: {patch: [8, 16]}}", ["smm patch=8", "smm patch=16"]),
        ("{autovp: {scale: [0.5, 1.5]}}", ["autovp scale=0.5", "autovp scale=1.5"]),
        ("{adavipro: {hidden: [8, 64]}}", ["adavipro p=30 s=32 hidden=8",
                                           "adavipro p=30 s=32 hidden=64"]),
        ("{thin: {kind: lor_vp, rank: 1}}", ["thin r=1"]),
        ("{mine: {kind: compose, content: low_rank, placement: regions}}", ["mine r=4 s=32"]),
        ("{mine: {kind: compose, content: [low_rank, free]}}",
         ["mine r=4 content=low_rank", "mine content=free"]),
    ],
)  # fmt: skip
def test_methods(points, method, labels):
    assert [point.method for point in points(block(method=method))] == labels


@pytest.mark.parametrize(
    ("mapping", "labels"),
    [
        ("lp", ["lp"]),
        ("[fm, lp]", ["fm", "lp"]),
        ("{ilm: {interval: [1, 5]}}", ["ilm interval=1", "ilm interval=5"]),
        ("{slow: {kind: ilm, interval: 5}}", ["slow"]),
        ("{flm: {per_target: [1, 5]}}", ["flm per_target=1", "flm per_target=5"]),
        ("[blm, blm_plus, rlm]", ["blm", "blm_plus", "rlm"]),
        ("{one: text, two: {kind: text, template: 'a {}'}}", ["one", "two"]),
    ],
)
def test_mappings(points, mapping, labels):
    assert [point.mapping for point in points(block(mapping=mapping))] == labels


@pytest.mark.parametrize(
    ("training", "labels"),
    [
        ("{epochs: 3}", [""]),
        ("{lr: [0.1]}", [""]),
        ("{lr: [0.1, 0.2]}", ["lr=0.1", "lr=0.2"]),
        ("{lr: [0.1, 0.2], epochs: [1]}", ["lr=0.1", "lr=0.2"]),
        ("{optimizer: [sgd, adam]}", ["optimizer=sgd", "optimizer=adam"]),
        ("paper", [""]),
        ("[paper, {lr: 0.1}]", ["training=paper", "lr=0.1"]),
        ("{augmentation: {flip: [true, false]}}", ["flip=True", "flip=False"]),
        ("{lr: [0.1], optimizer: {kind: sgd, momentum: [0.0, 0.9]}}",
         ["momentum=0.0", "momentum=0.9"]),
        ("{lr: [1.0, 2.0], epochs: [3, 4]}",
         ["lr=1.0 epochs=3", "lr=1.0 epochs=4", "lr=2.0 epochs=3", "lr=2.0 epochs=4"]),
    ],
)  # fmt: skip
def test_training(points, training, labels):
    assert [point.training for point in points(block(training=training))] == labels


def test_seeds_are_in_the_name_only(points):
    found = points(block(seed="[0, 1]"))
    assert {(p.method, p.mapping, p.training) for p in found} == {("none", "lp", "")}
    assert [p.name for p in found] == ["none · lp · digits · seed 0", "none · lp · digits · seed 1"]


def test_symbols_are_found_in_all_parts():
    both = ComposeConfig(content=LowRankConfig(rank=2), placement=RegionsConfig(side=8))
    assert symbols(both) == {"rank": "r=2", "side": "s=8"}
    assert symbols(AdaViProConfig()) == {"width": "p=30", "side": "s=32"}
    assert symbols(FullConfig()) == {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"method": "{lor_vp: {std: 0.01}}"}, {"method": "{lor_vp: {std: 0.1}}"}),
        ({"mapping": "ilm"}, {"mapping": "{ilm: {interval: 2}}"}),
        ({"training": "{epochs: 3}"}, {"training": "{epochs: 20}"}),
        ({"method": "{x: {kind: full}}"}, {"method": "{x: {kind: none}}"}),
    ],
    ids=str,
)
def test_different_trials_of_one_name_are_refused(points, one, other):
    """The tables would take their mean, as if they were two seeds."""
    with pytest.raises(ParamsError, match="share the name"):
        points(block("a", **one), block("b", **other))


def test_the_same_method_in_two_blocks_with_other_seeds_is_no_clash(points):
    assert len(points(block("a", seed="0"), block("b", seed="1"))) == 2


def test_no_two_trials_share_a_name(points):
    found = points(
        block(
            method="{none: , lor_vp: {rank: [1, 2]}, pad: {width: [1, 2]}}",
            mapping="[ilm, lp]",
            seed="[0, 1]",
            training="{lr: [0.1, 0.2]}",
        )
    )
    assert len({point.name for point in found}) == len(found) == 5 * 2 * 2 * 2
