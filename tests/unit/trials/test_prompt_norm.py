"""How far a prompt changes the test images, as a trial's record says it."""

import torch

from lorvp.datasets import labelled_images
from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.none import NoneConfig
from lorvp.prompts.methods.vpt import VptConfig
from lorvp.prompts.placements.regions import Regions
from lorvp.trials.run import build, run
from tests.support.tiny import TARGET_NAMES, tiny_network, trial


def norm_of(method, data, monkeypatch, shown: bool = True) -> float | None:
    """The prompt's norm in the record of a trial; shown in every region, or in none."""

    def decisions(self, canvas_BCHW):
        return torch.full((len(canvas_BCHW), 1, 2, 2), float(shown)) + 0 * self.policy.bias.sum()

    monkeypatch.setattr(Regions, "decisions", decisions)
    return run(trial(method, epochs=1), tiny_network(), data).summary["prompt_linf"]


def test_the_record_tells_how_far_the_prompt_reaches(data, monkeypatch):
    regions = AdaViProConfig(width=2, side=8)
    assert norm_of(regions, data, monkeypatch) > 0
    assert norm_of(regions, data, monkeypatch, shown=False) == 0, "it chose no region"
    assert norm_of(NoneConfig(), data, monkeypatch) == 0
    assert norm_of(VptConfig(), data, monkeypatch) is None, "it acts inside the network"


def test_the_norm_is_of_the_kept_epoch_on_all_test_images(data, monkeypatch):
    monkeypatch.setattr(labelled_images, "EVAL_BATCH", 4)
    wanted = trial(AdaViProConfig(width=2, side=8, hidden=3), epochs=4, lr=0.2)
    result = run(wanted, tiny_network(), data)
    model = build(wanted, tiny_network(), data.class_names).eval()
    model.load_trained_state(result.state)
    with torch.no_grad():
        added_NCHW = model.added(model.prompt.fit(data.split("test").images_NHWC))
    assert len(added_NCHW) == len(data.split("test"))
    assert result.summary["prompt_linf"] == float(added_NCHW.abs().max())


def test_a_norm_that_is_no_number_is_not_written_down(data):
    model = build(trial(), tiny_network(), TARGET_NAMES)
    assert model.linf_of([torch.tensor(1.0), torch.tensor(torch.nan)]) is None
