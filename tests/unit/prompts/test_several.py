"""Several prompts in one trial: which image or class has which, and what comes of it."""

import numpy as np
import pytest
import torch
from scipy.cluster.hierarchy import fcluster, linkage

from lorvp.datasets.labelled_images import LabelledImages
from lorvp.deployment.classifier import Classifier
from lorvp.deployment.fold import with_prompt
from lorvp.deployment.graphs import graph_of
from lorvp.errors import InputError
from lorvp.mappings.frequency import IlmConfig
from lorvp.mappings.linear import FmConfig, LpConfig
from lorvp.networks.interface import Canvas
from lorvp.networks.libraries import LIBRARIES
from lorvp.prompts.methods.compose import ComposeConfig
from lorvp.prompts.methods.dam_vp import DamVpConfig
from lorvp.prompts.methods.dvp import DvpConfig
from lorvp.prompts.several.by_class import ByClass
from lorvp.prompts.several.by_image import ByImage
from lorvp.training.lanes import Lanes
from lorvp.training.model import PromptedNetwork
from lorvp.training.trainer import Training
from lorvp.trials.run import build
from tests.support.layers import unlike_fresh
from tests.support.networks.samples import built, facts
from tests.support.tiny import (
    TARGET_NAMES,
    TARGETS,
    images,
    tiny_network,
    training,
    trial,
)

TRAIN, VAL, SEEN = images(12, seed=1), images(4, seed=2), images(7, seed=3)
FREE = {"kind": "free", "std": 0.3}
PLACEMENTS = [
    {"kind": "everywhere"},
    {"kind": "border", "width": 3},
    {"kind": "random_square", "width": 5},
    {"kind": "sample_mask", "patch": 4},
]
placements = pytest.mark.parametrize("placement", PLACEMENTS, ids=lambda p: p["kind"])
spaces = pytest.mark.parametrize("space", ["pixel", "normalised"])


def composed(several, placement=PLACEMENTS[0], space="pixel", number: int = 3) -> ComposeConfig:
    return ComposeConfig.model_validate(
        {
            "content": FREE,
            "placement": placement,
            "space": space,
            "several": {"kind": several, "number": number},
        }
    )


def new(
    method, mapping=None, seed: int = 0, joins: bool = False, network=None, **settings
) -> Training:
    torch.manual_seed(seed)
    wanted = trial(method, mapping or FmConfig())
    model = build(wanted, network or tiny_network(), TARGET_NAMES)
    model.network.joins = joins
    given = {"epochs": 2, "batch_size": 4, "lr": 0.01} | settings
    return Training(model, TRAIN, VAL, training(**given))


def prepared(method, mapping=None) -> PromptedNetwork:
    found = new(method, mapping)
    found.prepare()
    return found.model.eval()


def plain_features(model: PromptedNetwork, given: LabelledImages) -> np.ndarray:
    """Of the images as they are, by the network as it was loaded."""
    x_BCHW = given.images_NHWC.permute(0, 3, 1, 2) / 255
    plain = model.network.plain
    return plain(plain.normalise(x_BCHW), "features").double().numpy()


@torch.no_grad()
@spaces
def test_the_centres_are_those_of_agglomerated_clusters(space):
    model = prepared(composed("by_image", space=space))
    found_MD = plain_features(model, TRAIN)
    cluster_M = fcluster(linkage(found_MD, "average"), 3, "maxclust")
    expected = np.array([found_MD[cluster_M == n].mean(0) for n in (1, 2, 3)])
    got = model.prompt.centres_ND.double().numpy()
    order = [int(np.linalg.norm(got - centre, axis=1).argmin()) for centre in expected]
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_allclose(got[order], expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@placements
@spaces
def test_an_image_has_the_prompt_of_the_nearest_centre(placement, space):
    model = prepared(composed("by_image", placement, space))
    prompt, centres_ND = model.prompt, model.prompt.centres_ND.double().numpy()
    distance_BN = np.linalg.norm(plain_features(model, SEEN)[:, None] - centres_ND, axis=2)
    chosen_B = distance_BN.argmin(1)
    assert len(set(chosen_B)) > 1
    canvas_BCHW = prompt.fit(SEEN.images_NHWC)
    shown_BCHW = model.network.normalise(canvas_BCHW) if space == "normalised" else canvas_BCHW
    got_BCHW = prompt.added(shown_BCHW)
    for n, cluster in enumerate(chosen_B):
        image_1CHW = shown_BCHW[n : n + 1]
        expected = prompt.placement.place(prompt.content.each[cluster](), image_1CHW)
        torch.testing.assert_close(got_BCHW[n], expected[0], rtol=0, atol=1e-6)


def test_training_moves_only_the_prompt_of_an_images_cluster():
    training = new(composed("by_image"), epochs=1)
    training.prepare()
    model = training.model.train()
    chosen_B = model.prompt.chosen(model.prompt.fit(SEEN.images_NHWC))
    one = int(chosen_B[0])
    model(SEEN.images_NHWC[chosen_B == one]).square().sum().backward()
    for number, content in enumerate(model.prompt.content.each):
        assert bool((content.values.grad != 0).any()) == (number == one)


@torch.no_grad()
@pytest.mark.parametrize("mapping", [FmConfig(), LpConfig(), IlmConfig()], ids=lambda m: m.kind)
@placements
def test_a_class_has_the_logit_of_its_prompt(mapping, placement):
    model = prepared(composed("by_class", placement, number=2), mapping)
    prompt = model.prompt
    assert set(prompt.prompt_K.tolist()) == {0, 1}
    canvas_BCHW = prompt.fit(SEEN.images_NHWC)
    each = []
    for content in prompt.content.each:
        added_BCHW = prompt.placement.place(content(), canvas_BCHW)
        each.append(model.mapping(model.network.run(canvas_BCHW, added_BCHW, model.mapping.reads)))
    got_BK = model(SEEN.images_NHWC)
    for k, number in enumerate(prompt.prompt_K.tolist()):
        torch.testing.assert_close(got_BK[:, k], each[number][:, k])


@torch.no_grad()
def test_classes_are_divided_by_the_mean_features_of_their_images():
    """Each class is nearer to the mean of its own cluster than to the other."""
    model = prepared(composed("by_class", number=2))
    found_ND = plain_features(model, TRAIN)
    labels_N = TRAIN.labels_N.numpy()
    means_KD = np.array([found_ND[labels_N == k].mean(0) for k in range(TARGETS)])
    cluster_K = model.prompt.prompt_K.numpy()
    centres = np.array([means_KD[cluster_K == n].mean(0) for n in (0, 1)])
    nearest_K = np.linalg.norm(means_KD[:, None] - centres, axis=2).argmin(1)
    assert nearest_K.tolist() == cluster_K.tolist()


@torch.no_grad()
@pytest.mark.parametrize("mapping", [FmConfig(), LpConfig()], ids=lambda m: m.kind)
@placements
def test_outputs_are_averaged(mapping, placement):
    model = prepared(composed("averaged", placement), mapping)
    prompt = model.prompt
    canvas_BCHW = prompt.fit(SEEN.images_NHWC)
    outputs = [
        model.network.run(
            canvas_BCHW, prompt.placement.place(content(), canvas_BCHW), model.mapping.reads
        )
        for content in prompt.content.each
    ]
    expected = model.mapping(sum(outputs) / 3)
    torch.testing.assert_close(model(SEEN.images_NHWC), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("content", ["free", "sigmoid", "tile", "gain"])
def test_prompts_that_would_stay_alike_are_not_averaged(content):
    method = ComposeConfig.model_validate({"content": content, "several": "averaged"})
    with pytest.raises(InputError, match="start alike, and would stay alike"):
        method.build(Canvas((16, 16), patch=8))


@pytest.mark.parametrize(
    ("several", "reason"),
    [("by_image", "13 prompts need as many training images, not 12"),
     ("by_class", f"{TARGETS + 1} prompts need as many classes .*, not {TARGETS}")],
)  # fmt: skip
def test_more_prompts_than_there_is_to_divide_are_refused(several, reason):
    number = 13 if several == "by_image" else TARGETS + 1
    with pytest.raises(InputError, match=reason):
        new(composed(several, number=number)).prepare()


@pytest.mark.parametrize(
    ("method", "kind"), [(DamVpConfig(width=3), ByImage), (DvpConfig(image_size=10), ByClass)]
)
def test_the_published_methods_divide_in_their_way(method, kind):
    assert isinstance(method.build(Canvas((16, 16))), kind)


def test_all_prompts_of_dam_vp_start_alike_and_end_apart():
    training = new(DamVpConfig(width=3, number=2))
    first, second = training.model.prompt.content.each
    assert torch.equal(first.values, second.values)
    list(training.epochs())
    assert not torch.equal(first.values, second.values)


@pytest.mark.parametrize("method", [DamVpConfig(width=3), DvpConfig(image_size=10)], ids=str)
def test_what_divides_is_kept_with_the_prompt(method):
    """Also in a prompt that no network has been attached to, as pictures are made of."""
    model = prepared(method)
    state = {key: value.clone() for key, value in model.prompt.state_dict().items()}
    other = method.build(model.network.canvas)
    other.load_state_dict(state)
    assert all(torch.equal(other.state_dict()[key], state[key]) for key in state)
    again = new(method, seed=5).model.eval()
    again.load_trained_state(model.trained_state())
    assert torch.equal(again(SEEN.images_NHWC), model(SEEN.images_NHWC))


SEVERAL = [
    composed("by_class", number=3),
    composed("averaged", number=2),
    composed("by_image", {"kind": "random_square", "width": 5}),
]


@pytest.mark.parametrize("width", [2, 3, 4, 8])
def test_passes_beyond_the_lanes_of_a_batch_go_into_another(width):
    """Three lanes with 3, 2 and 1 passes have the bits that each has alone."""

    def run(trainings):
        lanes = Lanes(trainings, max(width, len(trainings)))
        lanes.width = width
        while lanes.running:
            for found in lanes.epoch().values():
                assert not isinstance(found, Exception), found

    def bits(training):
        return {key: t.numpy().tobytes() for key, t in training.model.trained_state().items()}

    network = tiny_network()

    def lane(n):
        return new(SEVERAL[n], seed=n, joins=True, network=network)

    together = [lane(n) for n in range(len(SEVERAL))]
    run(together)
    for n in range(len(SEVERAL)):
        single = lane(n)
        run([single])
        assert bits(single) == bits(together[n])


@pytest.mark.parametrize("method", SEVERAL, ids=lambda method: method.several.kind)
def test_a_graph_divides_as_the_classifier_does(method):
    own = facts("test_vit", size=16, patch=8)
    network = LIBRARIES["timm"].frozen(unlike_fresh(built(own)), own)
    found = new(method, network=network)
    found.prepare()
    classifier = Classifier(found.model, TARGET_NAMES)
    graph = graph_of(classifier).module()
    canvas_BCHW = SEEN.images_NHWC.permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        expected = classifier(SEEN.images_NHWC)
        torch.testing.assert_close(graph(canvas_BCHW), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("method", SEVERAL, ids=lambda method: method.several.kind)
def test_they_are_not_folded_into_the_network(method):
    with pytest.raises(InputError, match="cannot be folded"):
        with_prompt(prepared(method))
