"""Costs against formulas: of a transformer's products, and of what the trainer does with them."""

from functools import cache

import pytest
import torch

from lorvp.datasets.source import Sizes
from lorvp.experiment.trial import Trial
from lorvp.networks.acceleration.engine import Engine
from lorvp.networks.sources.trained import TrainedConfig
from lorvp.performance import flops
from lorvp.performance import speed as module
from lorvp.performance.counting import Passes
from lorvp.performance.passes import of_an_image, through_inside
from lorvp.performance.speed import speed
from lorvp.prompts.methods.lor_vp import LorVpConfig
from tests.support.networks.samples import clip

SIZES = Sizes(classes=10, train=100, val=20, test=30)
NAMES = [str(k) for k in range(10)]
LETTERS = [chr(65 + k) for k in range(26)]


@cache
def sketch(architecture="test_vit"):
    config = TrainedConfig(dataset="letters", architecture=architecture, input_size=64)
    return config.sketch(LETTERS)


def costs(method, mapping, architecture="test_vit", **training):
    manifest, network = sketch(architecture)
    trial = Trial.model_validate(
        {"dataset": "a", "network": "b", "method": method, "mapping": mapping, "training": training}
    )
    built = trial.mapping.build(manifest.ends(NAMES))
    image = flops.per_image(trial.method, manifest, network, NAMES, built.reads)
    return flops.of_trial(trial, built, SIZES, image), image


def transformer(manifest, network):
    """A multiplication and an addition for each weight and token: the patches' embedding and, in
    each block, 3 d² for queries, keys and values, d² after attention, 2 d h for the two layers;
    and twice N² d for attention itself."""
    width, blocks = manifest.tokens
    tokens, hidden = (64 // manifest.patch) ** 2, network.network.blocks[0].mlp.fc1.out_features
    embedding = tokens * width * 3 * manifest.patch**2
    with_class = tokens + 1
    layers = with_class * (4 * width**2 + 2 * width * hidden)
    attention = 2 * with_class**2 * width
    return 2 * (embedding + blocks * (layers + attention))


def test_an_image_costs_what_the_products_of_a_transformer_cost():
    _, image = costs({"kind": "none"}, "lp")
    assert image.look == transformer(*sketch())
    assert (image.step, image.once, image.values) == (image.look, 0, 0)


def test_logits_cost_the_classifier_besides():
    manifest, network = sketch()
    _, image = costs({"kind": "none"}, "ilm")
    assert image.look == transformer(manifest, network) + 2 * 26 * manifest.features


def test_the_way_back_to_the_image_costs_as_much_as_the_way_there():
    _, bare = costs({"kind": "none"}, "lp")
    _, image = costs({"kind": "lor_vp", "rank": 4}, "lp")
    assert image.look == bare.look  # B A is made once for all images of a batch
    manifest, _ = sketch()
    # The patches' embedding is linear: the prompt takes its gradient once for all images as well.
    embedding = 2 * (64 // manifest.patch) ** 2 * manifest.tokens.width * 3 * manifest.patch**2
    # Both factors of attention's two products take gradients: two products more than on the way
    # there, or three with kernels that compute the weights anew.
    width, blocks = manifest.tokens
    product_of_all = blocks * 2 * ((64 // manifest.patch) ** 2 + 1) ** 2 * width
    more = image.step - 2 * bare.look + embedding
    assert more / product_of_all in (2, 3)
    assert image.values == 3 * 4 * (64 + 64)


def test_tuning_the_weights_costs_a_third_way():
    _, bare = costs({"kind": "none"}, "lp", "test_resnet")
    _, image = costs({"kind": "full_finetune"}, "lp", "test_resnet")
    assert 2.8 * bare.look < image.step < 3 * bare.look


@pytest.mark.parametrize("method", ["smm", "adavipro"])
def test_a_network_that_makes_the_prompt_counts(method):
    _, bare = costs({"kind": "none"}, "lp", "test_resnet")
    _, image = costs({"kind": method, "patch": 8} if method == "smm" else
                     {"kind": method, "width": 8, "side": 8}, "lp", "test_resnet")  # fmt: skip
    assert image.look > 1.01 * bare.look


def test_prompts_that_do_nothing_inside_the_network_share_its_passes(monkeypatch):
    ran, run = [], Engine.run
    monkeypatch.setattr(Engine, "run", lambda *given: ran.append(given[0]) or run(*given))
    rank_3, _ = costs({"kind": "lor_vp", "rank": 3}, "fm")
    before = len(ran)
    rank_5, image = costs({"kind": "lor_vp", "rank": 5}, "fm")
    assert len(ran) == before
    assert (image.values, rank_5.flops) == (3 * 5 * (64 + 64), rank_3.flops)
    _, tokens = costs({"kind": "vpt", "tokens": 5}, "fm")
    assert len(ran) > before
    assert tokens.look > image.look


def test_images_of_a_trial_that_trains():
    lp, image = costs({"kind": "lor_vp"}, "lp", epochs=7)
    assert lp.image_passes == 7 * (100 + 20) + 30
    assert lp.flops == pytest.approx(7 * 100 * image.step + (7 * 20 + 30) * image.look)
    ilm, _ = costs({"kind": "lor_vp"}, {"kind": "ilm", "interval": 3}, epochs=7)
    assert ilm.image_passes == lp.image_passes + 3 * 100  # before epochs 0, 3 and 6
    flm, _ = costs({"kind": "lor_vp"}, "flm", epochs=7)
    assert flm.image_passes == lp.image_passes + 100
    tested, _ = costs({"kind": "lor_vp"}, "lp", epochs=7, test_every_epoch=True)
    assert tested.image_passes == lp.image_passes + 7 * 30


def test_images_of_a_trial_without_anything_to_train():
    bare, image = costs({"kind": "none"}, "flm", epochs=7)
    assert bare.image_passes == 100 + 20 + 30  # each image once; the outputs are kept
    assert bare.flops == pytest.approx(150 * image.look)
    assert bare.kept
    assert bare.trained_values == 0


def test_a_mapping_without_a_prompt_looks_at_each_image_once():
    for mapping in ("lp", "fm", {"kind": "ilm", "interval": 2}):
        probe, image = costs({"kind": "none"}, mapping, epochs=7, test_every_epoch=True)
        assert (probe.image_passes, probe.kept) == (100 + 20 + 30, True)
        assert probe.flops == pytest.approx(150 * image.look)
    probe, image = costs({"kind": "none"}, "lp", epochs=7, augmentation={"flip": True})
    assert (probe.image_passes, probe.kept) == (7 * 120 + 30, False)
    assert image.step == image.look  # nothing in the network takes a gradient


def test_trained_values_are_those_of_prompt_and_mapping():
    found, _ = costs({"kind": "lor_vp", "rank": 2}, "fm")
    assert found.trained_values == 3 * 2 * (64 + 64) + 26 * 10 + 10


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("images", [None, 2])
def test_the_speed_of_this_machine_is_a_speed(images, precision):
    _, network = sketch()
    found = speed(network, Passes(1e6, 2e6), "cpu", precision, images, seconds=0.05)
    assert 1e7 < found < 1e14


def test_a_speed_is_that_of_the_operations_of_which_costs_speak(monkeypatch):
    """Those of the transformer's products, whichever library multiplies here."""
    manifest, network = sketch()
    monkeypatch.setattr(module, "_steps", lambda *given: 3.0)  # a second
    image = of_an_image(network)
    assert image.look == transformer(manifest, network)
    assert speed(network, image, "cpu", images=5) == 3 * 5 * image.step


LOW_RANK = {"kind": "compose", "content": {"kind": "low_rank", "rank": 2}}


@pytest.mark.parametrize(
    ("several", "passes", "extra"),
    [("by_class", 3, 0), ("averaged", 3, 0), ("by_image", 1, 1)],
)
def test_several_prompts_cost_their_passes(several, passes, extra):
    """Near enough: what a prompt itself takes is small beside a pass, and so is the first layer,
    which images with prompts of their own do not share."""
    _, one = costs(LOW_RANK | {"space": "normalised"}, "lp")
    _, image = costs(LOW_RANK | {"several": {"kind": several, "number": 3}}, "lp")
    assert image.look == pytest.approx((passes + extra) * one.look, rel=0.2)
    assert image.step == pytest.approx(passes * one.step + extra * one.look, rel=0.2)
    assert image.values == 3 * one.values


def test_a_step_from_losses_alone_looks_and_never_goes_back():
    training = {"epochs": 4, "optimizer": {"kind": "spsa", "pairs": 3}}
    cost, image = costs({"kind": "lor_vp"}, "lp", **training)
    looks = 4 * 100 * 2 * 3 + 4 * 20 + 30
    assert cost.image_passes == looks
    assert cost.flops == image.once + looks * image.look


@pytest.mark.parametrize("names", [["dog"], NAMES])
def test_a_network_that_reads_text_costs_for_each_text_and_has_its_features_for_all(names):
    """Against a count of the whole network with these very names."""
    manifest, network = clip().sketch()
    method = LorVpConfig(rank=2)
    image = flops.per_image(method, manifest, network, names, "logits")
    bound = network.for_targets(names)
    prompt = method.build(manifest.canvas)
    with torch.device("meta"):
        whole, once = through_inside(prompt, Engine(bound), "logits", each=False, trained=True)
    assert (image.look, image.step, image.once) == (*whole, once)
    features = flops.per_image(method, manifest, network, names, "features")
    assert image.look - features.look == 2 * manifest.features * bound.source_classes
    assert (features.once, once > 0) == (0, True)
