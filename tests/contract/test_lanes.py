"""What every method with every mapping promises about being trained beside others."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

import pytest
import torch
from torch.nn import functional as F

from lorvp.training.lanes import Lanes
from lorvp.training.model import PromptedNetwork
from lorvp.training.sharing import shares
from lorvp.training.trainer import Training
from lorvp.trials.company import company
from lorvp.trials.run import build
from tests.contract.cases import PAIRS, SIZE, pair_name
from tests.support.tiny import TARGET_NAMES, images, tiny_network, training, trial

pairs = pytest.mark.parametrize("pair", PAIRS, ids=pair_name)
TRAIN, VAL = images(5, seed=1), images(3, seed=2)
CONFIG = training(epochs=2, batch_size=2, lr=0.01, lr_placement=1e-3)
WIDTH, SEED = 4, 10
NETWORK = tiny_network(SIZE)


def new_training(index: int, seed: int, joins: bool) -> Training:
    """``joins``: the network computes as on a GPU, all lanes as one batch."""
    torch.manual_seed(seed)
    model = build(trial(*PAIRS[index]), NETWORK, TARGET_NAMES)
    model.network.joins = joins
    return Training(model, TRAIN, VAL, CONFIG)


def seen_of(training: Training) -> tuple:
    """All that comes out of a training but the time it took."""
    state = {key: t.numpy().tobytes() for key, t in training.model.trained_state().items()}
    return state, [(e.epoch, e.lr, e.train_loss, e.train_accuracy, e.val_loss, e.val_accuracy,
                    e.placement) for e in training.history]  # fmt: skip


def run(trainings: Sequence[Training], width: int = WIDTH, replays: bool | None = None) -> None:
    lanes = Lanes(trainings, width, replays)
    while lanes.running:
        for found in lanes.epoch().values():
            assert not isinstance(found, Exception), found


@cache
def alone(index: int, joins: bool, replays: bool | None = None) -> tuple:
    training = new_training(index, SEED + index, joins)
    run([training], WIDTH if joins else 1, replays)
    return seen_of(training)


@cache
def beside_others(group: tuple[int, ...], joins: bool) -> dict[int, tuple]:
    """The pairs of a group, each with a seed of its own, in three lanes of four."""
    lanes = {index: new_training(index, SEED + index, joins) for index in group}
    run(list(lanes.values()))
    return {index: seen_of(training) for index, training in lanes.items()}


def group_of(index: int) -> tuple[int, ...]:
    """Three pairs that read the same of the network, or those that are left in the end."""
    circle = circles()[reads_of(index)]
    first = circle.index(index) // 3 * 3
    return tuple(circle[first : first + 3])


@cache
def circles() -> dict[str, list[int]]:
    found = defaultdict(list)
    for index in range(len(PAIRS)):
        one = new_training(index, 0, joins=False)
        if shares(one.model) and one.groups:
            found[reads_of(index)].append(index)
    return found


@cache
def reads_of(index: int) -> str:
    return new_training(index, 0, joins=False).model.mapping.reads


def is_shared(index: int) -> bool:
    return index in circles()[reads_of(index)]


@pairs
@pytest.mark.parametrize("joins", [False, True], ids=["one by one", "as one batch"])
def test_it_has_the_bits_that_it_has_alone(pair, joins):
    """Three lanes with other methods, mappings and seeds in them, of four."""
    index = PAIRS.index(pair)
    if not is_shared(index):
        one = new_training(index, 0, joins)
        assert one.model.prompt.inside_network or not one.groups
        return
    assert beside_others(group_of(index), joins)[index] == alone(index, joins)


@pairs
def test_steps_that_are_found_by_numbers_on_the_device_give_the_same_bits(pair):
    """As a GPU replays them, with all but the graph itself: what ran before a capture is put back,
    and the batch's place is read from tensors."""
    index = PAIRS.index(pair)
    assert alone(index, joins=False, replays=True) == alone(index, joins=False)


@pairs
def test_a_step_waits_for_no_device(pair):
    """A tensor on the device `meta` has no number that one could wait for."""
    torch.manual_seed(0)
    wanted = trial(*pair)
    model = build(wanted, tiny_network(SIZE), TARGET_NAMES).to("meta").train()
    images_BHWC, labels_B = (x.to("meta") for x in (TRAIN.images_NHWC, TRAIN.labels_N))
    for parameter in model.prompt.parameters():
        parameter.grad = None
    outputs = model.outputs(images_BHWC)
    logits_BK = model.logits(outputs)
    loss = F.cross_entropy(logits_BK, labels_B)
    if loss.requires_grad:
        loss.backward()
    with torch.no_grad():
        model.mapping.observe(model.prompt.as_one(outputs), labels_B)
        if model.mapping.due(0):
            model.mapping.count(model.prompt.as_one(outputs), labels_B)
        model.eval().outputs(images_BHWC)
    assert isinstance(model, PromptedNetwork)


@pairs
def test_its_company_is_found_without_the_network(pair):
    """What can share a network is known from the settings, and so is what it reads."""
    index, wanted = PAIRS.index(pair), trial(*pair)
    found = company(wanted, NETWORK.canvas, NETWORK.ends(TARGET_NAMES))
    fixed = new_training(index, 0, joins=False).model.prompt.fixed
    assert (found is not None) == (is_shared(index) and not fixed)
    if found is not None:
        assert f'"{reads_of(index)}"'.encode() in found
