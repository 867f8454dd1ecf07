"""What every method with every mapping promises about training.

Each pair is trained three times, twice with the same seed; the tests look at what came out.
"""

import copy
from dataclasses import dataclass
from functools import cache

import pytest
import torch
from safetensors.torch import load_file

from lorvp.training.evaluation import predict
from lorvp.training.model import PromptedNetwork
from lorvp.training.trainer import fit
from lorvp.trials.contents import sealed
from lorvp.trials.result import Result
from lorvp.trials.run import build
from lorvp.trials.store import TrialStore
from tests.contract.cases import MAPPINGS, METHODS, PAIRS, SIZE, name, pair_name
from tests.support.counting import refresh_mapping
from tests.support.prompted import changes_in_each_pass
from tests.support.tiny import TARGET_NAMES, TARGETS, images, tiny_network, training, trial

pairs = pytest.mark.parametrize("pair", PAIRS, ids=pair_name)
# Of four images two seeds might make the same two batches.
TRAIN, VAL, TEST = images(6, seed=1), images(2, seed=2), images(2, seed=3)
# Adam: its steps are of one size, whatever the gradients' scale, so nothing depends on the method.
# A placement has to move slowly, or it stops showing some regions to the content after one step.
CONFIG = training(epochs=2, batch_size=2, lr=0.01, lr_placement=1e-5)


@dataclass
class Trained:
    """A model and what was seen of it."""

    model: PromptedNetwork
    start: dict
    network_before: dict
    modes: set
    """Training modes in which any part of the network ran; methods may run a copy instead."""
    epochs: list

    @property
    def state(self) -> dict:
        return self.model.trained_state()


def new_model(pair, seed: int = 0) -> PromptedNetwork:
    torch.manual_seed(seed)
    return build(trial(*pair), tiny_network(SIZE), TARGET_NAMES)


def copy_of(state: dict) -> dict:
    return {key: tensor.clone() for key, tensor in state.items()}


@cache
def trained(index: int, seed: int = 0, again: int = 0) -> Trained:
    """The trained pair; ``again`` only asks for another run of the same."""
    model = new_model(PAIRS[index], seed)
    modes: set[bool] = set()
    for part in model.network.modules():
        part.register_forward_pre_hook(lambda module, given: modes.add(module.training))
    before = copy_of(model.network.state_dict())
    start = model.trained_state()
    epochs = list(fit(model, TRAIN, VAL, CONFIG))
    return Trained(model, start, before, modes, epochs)


def run_of(pair, seed: int = 0, again: int = 0) -> Trained:
    return trained(PAIRS.index(pair), seed, again)


def logits(model: PromptedNetwork) -> torch.Tensor:
    with torch.inference_mode():
        return model.eval()(TEST.images_NHWC)


def require_classes_apart(model: PromptedNetwork) -> None:
    """Skip where counts of so few images make all classes alike: no gradient is left there but of
    rounding."""
    logits_BK = logits(model)
    if (logits_BK.amax(1) - logits_BK.amin(1)).max() < 1e-5:
        pytest.skip("counts make all classes alike")


def same(first: dict, second: dict) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


@pairs
def test_every_parameter_is_reached(pair):
    run = run_of(pair)
    names = [key for key, _ in run.model.named_parameters() if not key.startswith("network.")]
    still = {key for key in names if torch.equal(run.state[key], run.start[key])}
    # A step that is too small for a value's last bit leaves it where it is, with its gradient.
    own = dict(run.model.named_parameters())
    assert [key for key in sorted(still) if own[key].grad is None or not own[key].grad.any()] == []


@pairs
def test_every_pixel_that_is_shown_is_trained(pair):
    require_classes_apart(run_of(pair).model)
    end, start = run_of(pair).model.prompt.eval(), new_model(pair).prompt.eval()
    if list(end.content.parameters()):
        shown_HW = shown(start) & shown(end) & end.placement.content_HW
        # What an edge that moves has passed may have been shown in no step but the next.
        shown_HW &= start.fit.image_HW() == end.fit.image_HW()
        moved_HW = (in_float64(end.content) != in_float64(start.content)).all(0)
        assert moved_HW[shown_HW].all()
        assert moved_HW.any()


def in_float64(content) -> torch.Tensor:
    """What a content shows, without rounding away that a value has moved a little."""
    return copy.deepcopy(content).double()()


def shown(prompt) -> torch.Tensor:
    return (prompt.placement(prompt.fit(TRAIN.images_NHWC)) != 0).any(0).any(0)


@pairs
def test_network_keeps_its_bytes_and_stays_in_evaluation_mode(pair):
    run = run_of(pair)
    assert same(run.network_before, run.model.network.state_dict())
    assert run.modes <= {False}
    assert all(parameter.grad is None for parameter in run.model.network.parameters())


@pairs
def test_groups_hold_every_parameter_but_the_networks_once(pair):
    model = run_of(pair).model
    grouped = [p for group in model.parameter_groups().values() for p in group]
    own = [p for key, p in model.named_parameters() if not key.startswith("network.")]
    assert len(grouped) == len(own)
    assert {id(p) for p in grouped} == {id(p) for p in own}
    assert all(model.parameter_groups().values())


@pairs
def test_what_the_store_keeps_gives_the_same_logits_in_a_new_model(pair, tmp_path):
    run = run_of(pair)
    answers = predict(run.model, TEST)
    store = TrialStore(tmp_path)
    result = Result(run.state, run.epochs, answers, TEST.labels_N, {})
    store.put("trial", sealed("trial", result, {}))
    other = new_model(pair, seed=5)
    other.load_trained_state(load_file(store.folder("trial") / "weights.safetensors"))
    assert torch.equal(logits(other), logits(run.model))


@pairs
def test_the_prompts_norm_is_the_largest_change_of_what_the_network_is_given(pair):
    """In batches of one image each, so that it is not that of the last."""
    model = run_of(pair).model.eval()
    with torch.inference_mode(), model.measuring() as norms:
        measured = [model(image_1HWC) for image_1HWC in TEST.images_NHWC.split(1)]
    with torch.inference_mode():
        unmeasured = [model(image_1HWC) for image_1HWC in TEST.images_NHWC.split(1)]
        each = changes_in_each_pass(model, TEST.images_NHWC)
    change = max(float(changed.abs().max()) for changed in each)
    expected = None if model.prompt.inside_network else pytest.approx(change, abs=1e-6)
    assert model.linf_of(norms) == expected
    assert len(norms) == len(TEST)
    assert torch.equal(torch.cat(measured), torch.cat(unmeasured))


@pairs
def test_trained_state_is_a_copy_without_the_network(pair):
    run = run_of(pair)
    state, before = run.state, copy_of(run.state)
    assert all(key.startswith(("prompt.", "mapping.")) for key in state)
    assert not any(tensor.requires_grad for tensor in state.values())
    for tensor in state.values():
        tensor.zero_()
    assert same(run.state, before)


@pairs
def test_same_seed_same_bits(pair):
    first, second = run_of(pair), run_of(pair, again=1)
    assert first.model is not second.model
    assert same(first.state, second.state)
    ours, theirs = predict(first.model, TEST), predict(second.model, TEST)
    assert torch.equal(ours.predicted_N, theirs.predicted_N)
    assert torch.equal(ours.confidence_N, theirs.confidence_N)
    assert torch.equal(ours.loss_N, theirs.loss_N)


@pairs
def test_another_seed_gives_every_parameter_other_values(pair):
    first, other = run_of(pair), run_of(pair, seed=1)
    names = [key for key, _ in first.model.named_parameters() if not key.startswith("network.")]
    require_classes_apart(first.model)
    assert [key for key in names if torch.equal(first.state[key], other.state[key])] == []


@pairs
def test_one_record_per_epoch_or_one_where_nothing_is_trained(pair):
    run = run_of(pair)
    expected = CONFIG.epochs if run.model.parameter_groups() else 1
    assert [epoch.epoch for epoch in run.epochs] == list(range(expected))


@pytest.mark.parametrize("mapping", MAPPINGS, ids=name)
@pytest.mark.parametrize("method", METHODS, ids=name)
def test_every_method_works_with_every_mapping(method, mapping):
    model = new_model((method, mapping))
    refresh_mapping(model, TEST, 0)
    before = TEST.images_NHWC.clone()
    logits_BK = model.train()(TEST.images_NHWC)
    assert logits_BK.shape == (len(TEST), TARGETS)
    assert torch.isfinite(logits_BK).all()
    assert torch.equal(TEST.images_NHWC, before)
