"""The ready-made experiments in data/presets can be read, and hold what their names say."""

from pathlib import Path
from typing import get_args

import pytest

from lorvp import params
from lorvp.mappings import MappingConfig
from lorvp.prompts.methods import MethodConfig

PRESETS = sorted(Path("data/presets").glob("*.yaml"))
NEED_TEXT = {"semantic", "text"}


def kinds(union) -> set[str]:
    return {cls.model_fields["kind"].default for cls in get_args(get_args(union)[0])}


def test_there_are_presets():
    assert PRESETS


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_a_preset_is_an_experiment(preset):
    assert params.read(preset).points


def test_every_method_holds_every_method_and_every_mapping_with_three_seeds():
    trials = [point.trial for point in params.read(Path("data/presets/every_method.yaml")).points]
    assert {trial.method.kind for trial in trials} == kinds(MethodConfig)
    assert {trial.mapping.kind for trial in trials} == kinds(MappingConfig) - NEED_TEXT
    assert {trial.seed for trial in trials} == {0, 1, 2}


def test_every_method_says_how_many_trials_it_has():
    preset = Path("data/presets/every_method.yaml")
    assert f"{len(params.read(preset).points)} trials" in preset.read_text()
