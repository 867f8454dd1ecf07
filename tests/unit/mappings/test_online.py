"""ILM from the training steps' own outputs: whose logits make which epoch's mapping."""

import pytest
import torch

from lorvp.mappings.frequency import IlmOnlineConfig
from lorvp.prompts.methods.patch_free import PatchFreeConfig
from lorvp.training.evaluation import predict
from lorvp.training.trainer import fit
from lorvp.trials.run import build
from tests.support.counting import count_predictions
from tests.support.greedy_choice import literal
from tests.support.tiny import SOURCES, TARGET_NAMES, TARGETS, images, tiny_network, training, trial

TRAIN, VAL = images(30, seed=1), images(7, seed=2)
EPOCHS = 4


def new_model(per_target: int = 1):
    torch.manual_seed(0)
    wanted = trial(PatchFreeConfig(), IlmOnlineConfig(per_target=per_target))
    return build(wanted, tiny_network(), TARGET_NAMES)


class Steps:
    """Outputs and mapping of every training step of a model, and the order of its images."""

    def __init__(self, model, batch: int) -> None:
        self.outputs: list[torch.Tensor] = []
        self.used: list[list] = []
        self.batches = -(-len(TRAIN) // batch)
        model.mapping.register_forward_hook(self._note)
        torch.manual_seed(7)
        self.orders = [torch.randperm(len(TRAIN)) for _ in range(EPOCHS)]
        torch.manual_seed(7)

    def _note(self, mapping, given, result) -> None:
        if mapping.training:
            self.outputs.append(given[0].detach().clone())
            self.used.append(mapping.source_KM.tolist())

    def counts(self, epoch: int) -> list[list[int]]:
        """Counts of top predictions, one image after the other."""
        own = slice(epoch * self.batches, (epoch + 1) * self.batches)
        counts = [[0] * TARGETS for _ in range(SOURCES)]
        rows = torch.cat(self.outputs[own]).tolist()
        for n, row in zip(self.orders[epoch].tolist(), rows, strict=True):
            counts[row.index(max(row))][int(TRAIN.labels_N[n])] += 1
        return counts


@pytest.mark.parametrize("per_target", [1, 2])
@pytest.mark.parametrize("batch", [5, 8, 64])
def test_each_epoch_uses_the_counts_of_the_last_epochs_steps(batch, per_target):
    model = new_model(per_target)
    exact = count_predictions(model, TRAIN).tolist()
    steps = Steps(model, batch)
    list(fit(model, TRAIN, VAL, training(epochs=EPOCHS, batch_size=batch, lr=0.5)))
    counts = [exact, *(steps.counts(epoch) for epoch in range(EPOCHS - 1))]
    for epoch in range(EPOCHS):
        own = steps.used[epoch * steps.batches : (epoch + 1) * steps.batches]
        assert own == [literal(counts[epoch], per_target)] * steps.batches
    assert len({str(used) for used in steps.used}) > 1, "a case in which the mapping changes"


def test_only_the_first_mapping_takes_a_pass_of_its_own(monkeypatch):
    model, passes = new_model(), []
    outputs = model.outputs

    def counted(images_BHWC):
        if not model.prompt.training:
            passes.append(len(images_BHWC))
        return outputs(images_BHWC)

    monkeypatch.setattr(model, "outputs", counted)
    list(fit(model, TRAIN, VAL, training(epochs=EPOCHS)))
    assert passes == [len(TRAIN), *[len(VAL)] * EPOCHS]


def mappings_of(model, look_between: bool) -> list[list]:
    torch.manual_seed(7)
    found = []
    for _ in fit(model, TRAIN, VAL, training(epochs=EPOCHS, lr=0.5)):
        found.append(model.mapping.source_KM.tolist())
        if look_between:
            for seed in range(3):
                predict(model, images(300, seed=seed))
    return found


def test_evaluation_adds_nothing_to_the_counts():
    assert mappings_of(new_model(), look_between=True) == mappings_of(new_model(), False)


def test_what_was_seen_is_forgotten_with_each_epoch():
    model = new_model()
    mapping = model.mapping
    top_BS = torch.eye(SOURCES)[[3, 4, 5]]
    mapping.begin_epoch(0)
    mapping.observe(top_BS, torch.tensor([0, 1, 2]))
    mapping.begin_epoch(1)
    assert mapping.source_KM.tolist() == [[3], [4], [5]]
    mapping.observe(top_BS[:2], torch.tensor([1, 2]))
    mapping.begin_epoch(2)
    assert mapping.source_KM.tolist() == [[0], [3], [4]]


def test_the_mapping_is_saved_and_what_was_seen_is_not():
    model = new_model()
    list(fit(model, TRAIN, VAL, training(epochs=2)))
    names = [name for name in model.trained_state() if name.startswith("mapping")]
    assert names == ["mapping.source_KM"]
