"""A network of the user's own code, in a package that lies in the project's folder."""

from __future__ import annotations

import json

import pytest

from tests.pipeline.own_network import own_network
from tests.pipeline.project import Project


@pytest.fixture
def own(tmp_path, bytecode) -> Project:
    return own_network(tmp_path / "project", bytecode)


def train_mine(project: Project) -> dict[str, dict]:
    """The trials of the user's own network, and of no other, that a run leaves."""
    done = project.dvc("repro", LORVP_CODE="my_package")
    assert done.code == 0, done.out
    return {
        name: record
        for name, record in project.trials().items()
        if record["network"]["name"] == "mine"
    }


@pytest.mark.slow
def test_it_is_called_if_its_package_is_named_and_an_edit_trains_again(own: Project):
    refused = own.dvc("repro", "datasets")
    assert refused.code != 0
    assert "checkpoints.mine: my_package.nets is code, which no file may have" in refused.out
    assert "Traceback" not in refused.out
    assert not (own.repo / "data/datasets/digits").exists()

    before, every = train_mine(own), own.trials()
    assert (len(before), len(every)) == (2, 3)
    comparison = (own.tables / "comparison.md").read_text()
    for record in before.values():
        assert f"{100 * record['summary']['test_accuracy']:.1f}" in comparison

    nets = own.repo / "my_package/nets.py"
    nets.write_text(nets.read_text() + "# a comment\n")
    done = own.dvc("repro", LORVP_CODE="my_package")
    assert (done.code, done.stages) == (0, ["code@nets"]), done.out

    nets.write_text(nets.read_text().replace("nn.ReLU()", "nn.GELU()"))
    after = train_mine(own)
    manifest = json.loads((own.repo / "data/checkpoints/mine/manifest.json").read_text())
    assert set(manifest["own_code"]) == {"my_package", "my_package.nets"}
    assert len(after) == 2
    assert not after.keys() & before.keys()
    others = every.keys() - before.keys()
    assert own.trials().keys() == after.keys() | others
    assert own.dvc("repro", LORVP_CODE="my_package").stages == []


@pytest.mark.slow
def test_code_that_dvc_does_not_look_at_is_refused(own: Project):
    own.edit(lambda params: params.pop("code"))
    refused = own.dvc("repro", LORVP_CODE="my_package")
    assert refused.code != 0
    assert "checkpoints.mine: DVC would not see an edit of my_package" in refused.out
    assert "`code: {my_package: my_package}`" in refused.out
