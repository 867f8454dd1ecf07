"""What is said of a dataset once it is prepared."""

import pytest

from lorvp import params
from tasks.prepare import prepare_dataset

from .layout import lay
from .layouts import layout

PARAMS = """
datasets:
  mine: {{kind: {kind}{more}}}
  letters: letters
checkpoints: {{net: {{kind: trained, dataset: letters, architecture: test_resnet}}}}
grid: {{one: {{dataset: letters, network: net, method: none, mapping: lp}}}}
"""


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def of(kind: str, more: str = "") -> str:
        (tmp_path / "params.yaml").write_text(PARAMS.format(kind=kind, more=more))
        prepare_dataset("mine", params.read().params)
        return capsys.readouterr().out

    return of


def test_a_copy_that_has_lost_most_of_it_is_noticed(said, tmp_path):
    root = lay(layout("svhn"), tmp_path / "raw")
    told = said("svhn", f", root: {root}")
    assert "note: mine has" in told
    assert "train; by its published sizes, 65,931" in told
    assert "test; by its published sizes, 26,032" in told


def test_what_is_whole_is_not_remarked_upon(said):
    told = said("digits")
    assert "mine: 10 classes; images: 800 train, 200 val, 797 test" in told
    assert "note" not in told
