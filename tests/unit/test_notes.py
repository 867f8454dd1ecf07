"""What the plan says of the data before anything is trained."""

from types import SimpleNamespace
from typing import Any

from tasks.plan import Plan, notes

from .tiny import dataset


def plan_for(folder) -> Plan:
    job: Any = SimpleNamespace(dataset=folder)
    return Plan([job, job], missing=[job, job])


def test_a_class_without_training_images_is_named_once(tmp_path):
    dataset(tmp_path / "few", train=2)
    (note,) = notes(plan_for(tmp_path / "few"))
    assert note.startswith("note: few has no training image of class 2: ")


def test_nothing_is_said_of_whole_data_or_of_finished_trials(tmp_path):
    dataset(tmp_path / "whole", train=3)
    assert notes(plan_for(tmp_path / "whole")) == []
    dataset(tmp_path / "few", train=2)
    assert notes(Plan(plan_for(tmp_path / "few").jobs, missing=[])) == []
