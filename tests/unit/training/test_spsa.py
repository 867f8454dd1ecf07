"""Training from losses alone: SPSA-GC against its formula, beside others, and after a stop."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lorvp.mappings.linear import FmConfig
from lorvp.prompts.fits.affine import Affine
from lorvp.prompts.fits.cover import CoverConfig
from lorvp.prompts.fits.resize import ResizeConfig
from lorvp.prompts.methods.acavp import AcavpConfig
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.compose import ComposeConfig
from lorvp.prompts.methods.full import FullConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.random_patch import RandomPatchConfig
from lorvp.prompts.methods.vpt import VptConfig
from lorvp.recipe import SpsaConfig, TrainingConfig
from lorvp.training.lanes import Lanes
from lorvp.training.spsa import Estimate
from lorvp.training.trainer import Training
from lorvp.trials.run import build
from tests.support.tiny import TARGET_NAMES, images, tiny_network, training, trial

TRAIN, VAL = images(6, seed=1), images(3, seed=2)
SPSA = {"kind": "spsa", "pairs": 2, "perturbation": 0.1}
WIDTH = 4
NETWORK = tiny_network()


def new(method=None, seed: int = 0, joins: bool = False, network=None, **settings) -> Training:
    torch.manual_seed(seed)
    wanted = trial(method or LorVpConfig(rank=2), FmConfig())
    model = build(wanted, network or NETWORK, TARGET_NAMES)
    model.network.joins = joins
    given = {"epochs": 2, "batch_size": 3, "optimizer": SPSA, "lr": 0.005} | settings
    return Training(model, TRAIN, VAL, training(**given))


def run(trainings, width: int = 1, replays=None) -> None:
    lanes = Lanes(trainings, width, replays)
    while lanes.running:
        for found in lanes.epoch().values():
            assert not isinstance(found, Exception), found


def seen(training: Training) -> tuple:
    state = {key: t.numpy().tobytes() for key, t in training.model.trained_state().items()}
    return state, [(e.lr, e.train_loss, e.train_accuracy, e.val_loss) for e in training.history]


def by_formula(start: torch.Tensor, loss, lr: float, steps: int, draw, config: dict):
    """The published steps for one vector, in plain Python numbers."""
    w, m = start.tolist(), [0.0] * len(start)
    for k in range(1, steps + 1):
        a = lr / (k + config["offset"]) ** config["rate_decay"]
        c = config["perturbation"] / k ** config["perturbation_decay"]
        g = [0.0] * len(w)
        for _ in range(config["pairs"]):
            directions = draw()
            right = loss([x + c * d for x, d in zip(w, directions, strict=True)])
            left = loss([x - c * d for x, d in zip(w, directions, strict=True)])
            for i, d in enumerate(directions):
                g[i] += (right - left) / (2 * c * d) / config["pairs"]
        m = [config["momentum"] * x + y for x, y in zip(m, g, strict=True)]
        w = [x - a * (y + config["momentum"] * z) for x, y, z in zip(w, g, m, strict=True)]
    return w


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("momentum", [0.9, 0.0])
def test_the_steps_are_those_of_the_formula(momentum):
    """On the whole model, whose loss is written out here; directions are drawn as it draws them."""
    config = {"pairs": 3, "perturbation": 0.2, "perturbation_decay": 0.3, "rate_decay": 0.6,
              "offset": 2.0, "momentum": momentum}  # fmt: skip
    spsa = SpsaConfig.model_validate(config)
    values, other = nn.Parameter(torch.tensor([0.5, -1.0])), nn.Parameter(torch.tensor([2.0]))
    recipe = TrainingConfig(optimizer=spsa, lr=0.4, schedule="constant")
    generator = torch.Generator().manual_seed(3)

    def loss(w) -> float:
        return (w[0] * w[1] - 1) ** 2 + math.sin(w[2]) * w[0]

    prompt = NoneConfig().build(NETWORK.canvas)
    estimate = Estimate(spsa, [values, other], prompt, generator)
    optimizer, factor = recipe.build_optimizer({"content": [values, other]}), recipe.factor_of(99)
    with torch.no_grad():
        for step in range(4):
            estimate.begin()
            for number in range(estimate.evaluations):
                estimate.move(number)
                estimate.note(torch.tensor(loss([*values.tolist(), *other.tolist()])))
            estimate.end()
            optimizer.param_groups[0]["lr"] = 0.4 * factor(step)
            optimizer.step()

    again = torch.Generator().manual_seed(3)

    def draw() -> list[float]:
        found = []
        for size in (2, 1):
            length, sign = (torch.rand(size, generator=again) for _ in range(2))
            found += [
                (-1 if s < 0.5 else 1) * (0.5 + u / 2)
                for u, s in zip(length.tolist(), sign.tolist(), strict=True)
            ]
        return found

    start = torch.tensor([0.5, -1.0, 2.0])
    expected = by_formula(start, loss, 0.4, 4, draw, config)
    assert [*values.tolist(), *other.tolist()] == pytest.approx(expected, rel=1e-9)


def test_directions_have_lengths_from_a_half_to_one_and_both_signs():
    estimate = new(FullConfig()).estimate
    drawn = estimate._drawn(torch.empty(20_000))
    assert 0.5 <= drawn.abs().min() < 0.51
    assert 0.99 < drawn.abs().max() <= 1
    assert abs(float((drawn > 0).double().mean()) - 0.5) < 0.02
    assert abs(float(drawn.abs().mean()) - 0.75) < 0.01


class NoGradient(torch.autograd.Function):
    """A network behind an interface: answers, and nothing else."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, *gradients):
        raise AssertionError("no gradient comes through this network")


@pytest.mark.parametrize(
    "method", [LorVpConfig(rank=2), VptConfig(tokens=2), AcavpConfig()], ids=lambda m: m.kind
)
def test_no_gradient_is_asked_of_the_network(method):
    network = tiny_network()
    network.network.blocks[-1].register_forward_hook(lambda *given: NoGradient.apply(given[-1]))
    training = new(method, network=network)
    start = training.model.trained_state()
    run([training])
    end = training.model.trained_state()
    assert all(not torch.equal(start[key], end[key]) for key, _ in parameters(training))
    with pytest.raises(AssertionError, match="no gradient comes through"):
        run([new(method, network=network, optimizer="sgd")])


def parameters(training: Training):
    named = training.model.named_parameters()
    return [(key, value) for key, value in named if not key.startswith("network.")]


def test_the_loss_falls():
    found = new(FullConfig(), epochs=40, lr=0.02, optimizer=SPSA | {"perturbation": 0.01})
    run([found])
    assert found.history[-1].train_loss < 0.7 * found.history[0].train_loss


GROUP = [
    (LorVpConfig(rank=2), SPSA),
    (FullConfig(), "adam"),
    (RandomPatchConfig(width=4), SPSA | {"pairs": 1}),
    (AdaViProConfig(width=3, side=8, hidden=2), "sgd"),
]


@pytest.mark.parametrize("joins", [False, True], ids=["one by one", "as one batch"])
def test_it_has_the_bits_that_it_has_alone(joins):
    """Beside lanes that estimate and lanes that do not."""
    width = WIDTH if joins else 1

    def lane(number):
        method, optimizer = GROUP[number]
        return new(method, seed=number, joins=joins, optimizer=optimizer)

    together = [lane(number) for number in range(len(GROUP))]
    run(together, WIDTH)
    for number, found in enumerate(together):
        alone = lane(number)
        run([alone], width)
        assert seen(found) == seen(alone), GROUP[number]


@pytest.mark.parametrize("method", [method for method, _ in GROUP], ids=lambda m: m.kind)
def test_steps_found_by_numbers_on_the_device_give_the_same_bits(method):
    plain, replayed = new(method), new(method)
    run([plain])
    run([replayed], replays=True)
    assert seen(plain) == seen(replayed)


def test_a_stopped_training_goes_on_with_the_same_bits():
    whole = new()
    epochs = whole.epochs()
    next(epochs)
    saved = copy.deepcopy(whole.state())
    list(epochs)
    other = new(seed=99)
    other.load_state(saved)
    list(other.epochs())
    assert seen(other) == seen(whole)


def test_a_step_on_the_device_waits_for_nothing():
    """A tensor on the device `meta` has no number that one could wait for."""
    training = new(AdaViProConfig(width=3, side=8, hidden=2), network=tiny_network())
    model, estimate = training.model.to("meta").train(), training.estimate
    estimate.parameters = [value for _, value in parameters(training)]
    estimate.step, estimate.generator = estimate.step.to("meta"), None
    model.prompt.draw_from(None)
    images_BHWC, labels_B = (x.to("meta") for x in (TRAIN.images_NHWC, TRAIN.labels_N))
    with torch.no_grad():
        estimate.begin()
        for number in range(estimate.evaluations):
            estimate.move(number)
            estimate.note(F.cross_entropy(model(images_BHWC), labels_B))
        assert estimate.end().is_meta


FITS = [ResizeConfig(), CoverConfig(image_size=9)]


@pytest.mark.parametrize("fit", FITS, ids=lambda fit: fit.kind)
@pytest.mark.parametrize(
    "placement", [{"kind": "random_square", "width": 4}, {"kind": "regions", "side": 8}], ids=str
)
def test_all_looks_of_a_step_see_the_same_crops_and_the_same_noise(fit, placement):
    """Or differences of losses would tell of them instead of the values."""
    method = ComposeConfig.model_validate(
        {"content": {"kind": "free", "std": 1.0}, "fit": fit, "placement": placement}
    )
    found = new(method, augmentation={"enlarge": 1.5, "flip": True}, optimizer=SPSA)
    found.model.prompt.fit.augmentation = found.config.augmentation
    model, estimate = found.model.train(), found.estimate
    raw = images(8, side=(20, 30)).images_NHWC
    with torch.no_grad():
        estimate.begin()
        looks = []
        for number in range(estimate.evaluations):
            estimate.move(number)
            for values, start in zip(estimate.parameters, estimate._start, strict=True):
                values.copy_(start)  # only draws could differ
            looks.append(model.prompted(raw)[0])
            estimate.note(torch.tensor(1.0))
        estimate.end()
        fresh = model.prompted(raw)[0]
    for canvas_BCHW, added_BCHW in looks[1:]:
        assert torch.equal(canvas_BCHW, looks[0][0])
        assert torch.equal(added_BCHW, looks[0][1])
    assert not (torch.equal(fresh[0], looks[0][0]) and torch.equal(fresh[1], looks[0][1]))


def test_values_are_back_where_they_were_between_steps():
    training = new()
    before = [value.clone() for value in training.estimate.parameters]
    with torch.no_grad():
        training.estimate.begin()
        training.estimate.move(0)
        assert not any(map(torch.equal, training.estimate.parameters, before))
        training.estimate.note(torch.tensor(1.0))
        training.estimate.end()
    assert all(map(torch.equal, training.estimate.parameters, before))


def test_the_rate_that_is_recorded_has_the_decay():
    found = new(lr=0.5, schedule="constant")
    run([found])
    steps = 2
    assert [e.lr for e in found.history] == pytest.approx(
        [0.5 / (k + 1) ** 0.4 for k in (1, 1 + steps)]
    )


def test_the_trained_fit_is_estimated_too():
    found = new(AcavpConfig())
    assert isinstance(found.model.prompt.fit, Affine)
    assert {id(v) for v in found.model.prompt.fit.parameters()} <= {
        id(v) for v in found.estimate.parameters
    }
