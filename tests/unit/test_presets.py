"""The ready-made experiments in data/presets can be read, and hold what their names say."""

from pathlib import Path

import pytest

from lorvp import params

PRESETS = sorted(Path("data/presets").glob("*.yaml"))


def test_there_are_presets():
    assert PRESETS


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_a_preset_is_an_experiment(preset):
    assert params.read(preset).points


def test_every_method_says_how_many_trials_it_has():
    preset = Path("data/presets/every_method.yaml")
    assert f"{len(params.read(preset).points)} trials" in preset.read_text()
