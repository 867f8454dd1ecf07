"""Mappings on several sentences for each class against their formulas, written out in numbers."""

import json
import math
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from lorvp.errors import InputError
from lorvp.mappings.attrvr import AttrVrConfig
from lorvp.mappings.prm import PrmConfig
from lorvp.mappings.rvp import RvpConfig
from lorvp.networks.interface import Ends
from lorvp.prompts.methods.ilm_vp import IlmVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.pad import PadConfig
from lorvp.training.trainer import Training, fit
from lorvp.trials.run import build
from tests.support.counting import refresh_mapping
from tests.support.prompted import seen_by_network
from tests.support.tiny import (
    FEATURES,
    SENTENCES,
    TARGET_NAMES,
    TARGETS,
    TinyText,
    ends,
    images,
    tiny_network,
    training,
    trial,
)

BANK = json.loads(SENTENCES.read_text())
OWN = [BANK[name] for name in TARGET_NAMES]
M = len(OWN[0])
GIVEN = images(7)


def cosine(a: list[float], b: list[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))


def model_of(config, method=None):
    return build(trial(method or PadConfig(width=2), config), tiny_network(), TARGET_NAMES)


def similarities(model, of=OWN) -> list[list[list[float]]]:
    """10 times the cosine of each image with each sentence of each class; 10 is TinyText's."""
    features = model.network(seen_by_network(model, GIVEN.images_NHWC), "features").tolist()
    texts = [[TinyText().encode([text])[0].tolist() for text in own] for own in of]
    return [[[10.0 * cosine(f, t) for t in own] for own in texts] for f in features]


def answered(model) -> torch.Tensor:
    return model.eval()(GIVEN.images_NHWC).detach()


def mean_of_highest(values: list[float], number: int) -> float:
    return sum(sorted(values)[-number:]) / number


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("nearest", [1, 3, M])
def test_attrvr(float64, tmp_path, nearest, share):
    other = {name: list(reversed(BANK[name]))[:4] for name in TARGET_NAMES}
    (tmp_path / "dist.json").write_text(json.dumps(other))
    config = AttrVrConfig(nearest=nearest, share=share, per_class=M)
    asked = trial(PadConfig(width=2), config)
    files = {"distinctive": tmp_path / "dist.json"}
    asked = asked.model_copy(update={"mapping": asked.mapping.with_files(files)})
    if nearest == M:
        with pytest.raises(InputError, match=r"at least 5 different .*target 0 \(4\)"):
            build(asked, tiny_network(), TARGET_NAMES)
        return
    model = build(asked, tiny_network(), TARGET_NAMES)
    repeated = [[*other[name], other[name][0]] for name in TARGET_NAMES]  # 4 sentences of 5
    descriptive, distinctive = similarities(model), similarities(model, repeated)
    expected = [
        [
            share * mean_of_highest(des, nearest) + (1 - share) * mean_of_highest(dist, nearest)
            for des, dist in zip(*of_image, strict=True)
        ]
        for of_image in zip(descriptive, distinctive, strict=True)
    ]
    torch.testing.assert_close(answered(model), torch.tensor(expected))


def test_attrvr_of_descriptive_sentences_alone(float64):
    model = model_of(AttrVrConfig(distinctive=None, share=0.2, per_class=M))
    expected = [[mean_of_highest(own, 3) for own in image] for image in similarities(model)]
    torch.testing.assert_close(answered(model), torch.tensor(expected))


def test_attrvr_gives_its_gradient_to_the_nearest_sentences_alone(float64):
    mapping = model_of(AttrVrConfig(nearest=2, per_class=M, distinctive=None)).mapping
    features_BD = torch.randn(3, FEATURES, requires_grad=True)
    mapping(features_BD)[:, 0].sum().backward()
    by_hand_BD = features_BD.detach().clone().requires_grad_(True)
    text_MD = torch.nn.functional.normalize(TinyText().encode(OWN[0]), dim=1)
    similarity_BM = 10 * torch.nn.functional.normalize(by_hand_BD, dim=1) @ text_MD.T
    similarity_BM.sort(1).values[:, -2:].mean(1).sum().backward()
    torch.testing.assert_close(features_BD.grad, by_hand_BD.grad)


def test_prm_starts_with_equal_weights(float64):
    model = model_of(PrmConfig(per_class=M))
    expected = [[sum(own) / M for own in image] for image in similarities(model)]
    torch.testing.assert_close(answered(model), torch.tensor(expected))


@pytest.mark.parametrize("nearest", [1, 3])
def test_prm_weighs_by_counts_of_the_nearest_of_the_own_class(float64, nearest):
    model = model_of(PrmConfig(nearest=nearest, per_class=M))
    found = similarities(model)
    counts = [[0] * M for _ in range(TARGETS)]
    for image, label in zip(found, GIVEN.labels_N.tolist(), strict=True):
        own = image[label]
        for m in sorted(range(M), key=lambda m: -own[m])[:nearest]:
            counts[label][m] += 1
    refresh_mapping(model, GIVEN, 0)
    weights = [[c / sum(row) for c in row] for row in counts]
    torch.testing.assert_close(model.mapping.weight_KM, torch.tensor(weights))
    number = torch.bincount(GIVEN.labels_N, minlength=TARGETS)
    assert [sum(row) for row in counts] == (nearest * number).tolist()
    expected = (torch.tensor(found) * torch.tensor(weights)).sum(2)
    torch.testing.assert_close(answered(model), expected)


def test_prm_of_a_class_without_images_keeps_equal_weights():
    mapping = PrmConfig(per_class=4).build(ends())
    mapping.refresh(torch.tensor([[3, 1, 0, 0], [0, 0, 0, 0], [0, 0, 5, 5]]))
    expected = torch.tensor([[0.75, 0.25, 0, 0], [0.25] * 4, [0, 0, 0.5, 0.5]])
    torch.testing.assert_close(mapping.weight_KM, expected)


def test_prm_counts_before_each_epoch_or_every_few():
    counted = [PrmConfig(interval=n).build(ends()).due for n in (1, 2)]
    assert [[due(epoch) for epoch in range(4)] for due in counted] == [
        [True] * 4, [True, False, True, False],
    ]  # fmt: skip


@pytest.mark.parametrize("method", [NoneConfig(), PadConfig(width=2)], ids=["none", "pad"])
def test_prm_is_counted_in_training_with_the_prompt_as_it_is(method):
    """Without a prompt as well, where its outputs are computed once."""
    model = model_of(PrmConfig(per_class=M), method)
    start = model.mapping.weight_KM.clone()
    list(fit(model, GIVEN, GIVEN, training(epochs=1)))
    assert not torch.equal(model.mapping.weight_KM, start)
    torch.testing.assert_close(model.mapping.weight_KM.sum(1), torch.ones(TARGETS))


def test_rvp_starts_with_the_mean_of_each_classs_sentences(float64):
    model = model_of(RvpConfig(per_class=M))
    expected = [[sum(own) / M for own in image] for image in similarities(model)]
    torch.testing.assert_close(answered(model), torch.tensor(expected))


def test_rvp(float64):
    """Equations 3 and 4."""
    model = model_of(RvpConfig(per_class=M))
    P, E = torch.randn(TARGETS, M), torch.randn(TARGETS, TARGETS)
    with torch.no_grad():
        model.mapping.within_KM.copy_(P)
        model.mapping.between_KK.copy_(E)
    expected = []
    for image in similarities(model):
        f = []
        for t in range(TARGETS):
            exps = [math.exp(p) for p in P[t].tolist()]
            f.append(sum(e / sum(exps) * s for e, s in zip(exps, image[t], strict=True)))
        expected.append([
            f[t] + sum(f[u] * E[u, t].item() for u in range(TARGETS)) for t in range(TARGETS)
        ])  # fmt: skip
    torch.testing.assert_close(answered(model), torch.tensor(expected))


@pytest.mark.parametrize(
    ("given", "expected"), [({}, 1e-3), ({"lr_mapping": 0.5}, 0.5)], ids=["own", "written"]
)
def test_rvp_has_a_learning_rate_of_its_own(given, expected):
    model = model_of(RvpConfig(per_class=M))
    config = training(lr=40.0, optimizer="sgd", **given)
    rates = [group["lr"] for group in Training(model, GIVEN, GIVEN, config).optimizer.param_groups]
    assert rates == [40.0, expected]


def of_paper(classes: int) -> Ends:
    return Ends((), 512, tuple(f"class {k}" for k in range(classes)), text=True)


@pytest.mark.parametrize(("classes", "printed"), [(100, 51_936), (196, 82_272)])
def test_numbers_of_trained_values_are_those_that_rvp_prints(classes, printed):
    """Tables 11 (Aircraft) and 9 (Cars, "0.082M"), with the frame of 16 pixels."""
    mapping = RvpConfig().build(of_paper(classes))
    own = sum(p.numel() for p in mapping.parameters())
    assert own == classes * 20 + classes**2
    assert 3 * (224**2 - 192**2) + own == printed


@pytest.mark.parametrize("config", [AttrVrConfig(), PrmConfig()], ids=str)
def test_the_others_train_nothing(config):
    assert list(config.build(of_paper(100)).parameters()) == []


@pytest.mark.parametrize("config", [AttrVrConfig(), PrmConfig(), RvpConfig()], ids=str)
def test_networks_that_read_no_text_are_refused(config):
    blind = Ends(("a",), 512, ("b",), text=False)
    with pytest.raises(InputError, match=f"'{config.kind}' compares .* text encoder"):
        config.build(blind)


@pytest.mark.parametrize("config", [AttrVrConfig, PrmConfig])
def test_no_more_can_be_near_than_there_are(config):
    with pytest.raises(ValidationError, match="nearest is 6 of per_class 5"):
        config(nearest=6, per_class=5)


def test_each_sentence_is_encoded_once_for_all_trials_on_a_network():
    network, asked = tiny_network(), []

    class Listening(TinyText):
        def encode(self, texts):
            asked.extend(texts)
            return super().encode(texts)

    network.text = Listening()
    for config in (AttrVrConfig(), RvpConfig(), PrmConfig(), RvpConfig(per_class=7)):
        build(trial(IlmVpConfig(image_size=8), config), network, TARGET_NAMES)
    assert sorted(asked) == sorted(text for own in OWN for text in own)


def test_a_missing_file_ends_a_training_that_asks_for_it():
    config = RvpConfig(descriptions="nowhere/{dataset}.json")
    asked = trial(PadConfig(width=2))
    asked = asked.model_copy(update={"mapping": config.of_dataset("noise")})
    with pytest.raises(InputError, match=r"there is no file nowhere/noise\.json"):
        build(asked, tiny_network(), TARGET_NAMES)
    made = build(asked, tiny_network(), TARGET_NAMES, trained=True)
    assert not Path("nowhere").exists()
    assert made.mapping.text_KMD.shape == (TARGETS, 20, FEATURES)
