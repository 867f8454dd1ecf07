"""Mappings that compare class names, with a text tower whose answers the test knows."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lorvp.errors import InputError
from lorvp.mappings.text import SemanticConfig, TextConfig, in_rounds
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Ends
from lorvp.prompts.methods.pad import PadConfig
from lorvp.training.trainer import fit
from lorvp.trials.run import build
from tests.support.prompted import seen_by_network
from tests.support.tiny import (
    FEATURES,
    TARGET_NAMES,
    TinyText,
    ends,
    images,
    tiny_network,
    training,
    trial,
)

PHOTO = "This is a photo of a "


class Listening(TinyText):
    """Remembers what it was asked to encode."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, texts):
        self.asked += texts
        return super().encode(texts)


def with_names(config, targets: tuple[str, ...], sources: tuple[str, ...] = ()):
    """The mapping attached to a network that listens, and what it heard."""
    network, text = tiny_network(), Listening()
    network.text = text
    mapping = config.build(Ends(sources or network.class_names, FEATURES, targets, text=True))
    mapping.attach(network)
    return mapping, text.asked


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))


def embedding(text: str) -> list[float]:
    return TinyText().encode([text])[0].tolist()


def test_text_is_scale_times_cosine(float64):
    model = build(trial(PadConfig(width=2), TextConfig()), tiny_network(), ("cat", "dog"))
    given_images = images(5).images_NHWC
    got = model.eval()(given_images).detach()
    features = model.network(seen_by_network(model, given_images), "features").tolist()
    for b in range(5):
        for k, name in enumerate(("cat", "dog")):
            expected = 10.0 * cosine(features[b], embedding(PHOTO + name))
            assert float(got[b, k]) == pytest.approx(expected, rel=1e-9)


def test_text_takes_the_networks_own_scale(float64):
    network = tiny_network()
    network.text.scale = 100.0
    mapping = TextConfig().build(ends(targets=1))
    mapping.attach(network)
    toward = torch.tensor([embedding(PHOTO + "target 0")])
    assert float(mapping(7 * toward)) == pytest.approx(100)
    assert float(mapping(-toward)) == pytest.approx(-100)


@pytest.mark.parametrize("config", [TextConfig(), SemanticConfig(template=PHOTO + "{}")], ids=str)
def test_names_are_lower_case_and_dashes_become_spaces(config):
    _, asked = with_names(config, ("Sea_Lion", "T-shirt", "pickup truck", "A_b-C_d"))
    assert asked[:4] == [PHOTO + n for n in ("sea lion", "t shirt", "pickup truck", "a b c d")]


def test_a_template_of_ones_own():
    _, asked = with_names(TextConfig(template="a {}, drawn"), ("cat", "{dog}"))
    assert asked == ["a cat, drawn", "a {dog}, drawn"]


def test_other_braces_in_a_template_are_text():
    _, asked = with_names(TextConfig(template="{x} of {}"), ("cat",))
    assert asked == ["{x} of cat"]


@pytest.mark.parametrize("kind", [TextConfig, SemanticConfig])
@pytest.mark.parametrize("template", ["", "a photo", "{} and {}", "{name}"])
def test_a_template_has_one_place_for_the_name(kind, template):
    with pytest.raises(ValidationError, match=r"should have one \{\} where the class name"):
        kind(template=template)


@pytest.mark.parametrize("config", [TextConfig(), SemanticConfig()], ids=str)
def test_a_network_without_a_text_encoder_is_refused(config):
    told = rf"'{config.kind}'.*text encoder.* CLIP"
    with pytest.raises(InputError, match=told):
        config.build(Ends(("a", "b"), 4, ("c",), text=False))
    network = tiny_network()
    bare = FrozenNetwork(
        network.network, (16, 16), [0.5] * 3, [0.5] * 3, network.class_names, text=None
    )
    with pytest.raises(InputError, match=told):
        build(trial(PadConfig(width=2), config), bare, TARGET_NAMES)


def literal_rounds(similarity_KS: list[list[float]], per_target: int) -> list[list[int]]:
    """Each target in turn takes its most similar free source, again for every round."""
    chosen: list[list[int]] = [[] for _ in similarity_KS]
    free = set(range(len(similarity_KS[0])))
    for _ in range(per_target):
        for own, row in zip(chosen, similarity_KS, strict=True):
            best = min(free, key=lambda s: (-row[s], s))
            own.append(best)
            free.remove(best)
    return chosen


@pytest.mark.parametrize("per_target", [1, 2, 3])
@given(data=st.data())
def test_semantic_goes_in_rounds(per_target, data):
    targets = data.draw(st.integers(1, 6 // per_target))
    sources = data.draw(st.integers(per_target * targets, 9))
    cell = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0])
    row = st.lists(cell, min_size=sources, max_size=sources)
    similarity_KS = data.draw(st.lists(row, min_size=targets, max_size=targets))
    expected = literal_rounds(similarity_KS, per_target)
    assert in_rounds(torch.tensor(similarity_KS), per_target).tolist() == expected


def test_the_second_round_starts_with_the_first_target_again():
    similarity_KS = torch.tensor([[0.9, 0.8, 0.1, 0.0], [0.9, 0.7, 0.6, 0.0]])
    assert in_rounds(similarity_KS, 2).tolist() == [[0, 2], [1, 3]]


@pytest.mark.parametrize("per_target", [1, 2, 3])
def test_semantic_compares_unit_vectors_of_both_names(float64, per_target):
    sources = ("dog", "Fire_truck", "cat", "ship", "frog", "deer", "horse", "bird", "plane")
    targets = ("Cat", "fire-truck", "boat")
    mapping, _ = with_names(SemanticConfig(per_target=per_target), targets, sources)
    words = [name.lower().replace("_", " ").replace("-", " ") for name in sources]
    goals = [name.lower().replace("-", " ") for name in targets]
    similarity = [[cosine(embedding(goal), embedding(word)) for word in words] for goal in goals]
    assert mapping.source_KM.tolist() == literal_rounds(similarity, per_target)
    assert mapping.source_KM[:2, 0].tolist() == [2, 1], "the same name is the nearest"


@pytest.mark.parametrize("config", [TextConfig(), SemanticConfig(per_target=2)], ids=str)
def test_training_leaves_what_was_read_from_names_as_it_is(config):
    torch.manual_seed(0)
    model = build(trial(PadConfig(width=2), config), tiny_network(), TARGET_NAMES)
    before = {name: tensor.clone() for name, tensor in model.mapping.state_dict().items()}
    assert "mapping" not in model.parameter_groups()
    list(fit(model, images(12), images(3), training(epochs=2)))
    for name, tensor in model.mapping.state_dict().items():
        assert torch.equal(tensor, before[name])
