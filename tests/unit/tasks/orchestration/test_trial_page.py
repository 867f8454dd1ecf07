"""The page of a finished trial: its curve is that of the epochs, and a short one has no page."""

from __future__ import annotations

import re
from types import SimpleNamespace
from xml.etree import ElementTree

from tasks.orchestration import trial_page
from tasks.orchestration.trial_page import curve, publish_trial

HISTORY = [{"train_accuracy": 0.5, "val_accuracy": 0.0}, {"train_accuracy": 1.0, "val_accuracy": 1}]


def test_each_curve_goes_from_the_first_epoch_to_the_last():
    drawn = ElementTree.fromstring(curve(HISTORY))
    found = [line.attrib["points"] for line in drawn.iter() if line.tag.endswith("polyline")]
    low, high = trial_page.HEIGHT - 20, 10
    first, last = 40, trial_page.WIDTH - 10
    points = [[tuple(map(float, p.split(","))) for p in line.split(" ")] for line in found]
    assert points == [[(first, (low + high) / 2), (last, high)], [(first, low), (last, high)]]
    assert re.search(r">2 epochs<", curve(HISTORY))


def test_one_epoch_is_a_curve_too():
    assert "40.0" in curve(HISTORY[:1])


def test_short_trials_have_no_page():
    """Nothing of the job is looked at."""
    publish_trial(None, {"summary": {"seconds": 0.5}})  # type: ignore[arg-type]


def test_a_setting_that_was_tried_has_a_curve_and_no_picture(tmp_path, monkeypatch):
    """Its folder holds no weights to draw."""
    monkeypatch.setattr(trial_page, "read_history", lambda _: HISTORY)
    summary = {"seconds": 2.0, "val_accuracy": 0.5, "content_values": 768}
    record = {"summary": summary, "identity": {"settings": {"part": "search"}}}
    job = SimpleNamespace(fingerprint="0" * 20)
    shown = trial_page.page(job, record, tmp_path)  # type: ignore[arg-type]
    assert shown.startswith("**val 50.0%**, 2.0 s")
    assert re.findall(r"!\[(.*?)\]", shown) == ["accuracy by epoch"]
