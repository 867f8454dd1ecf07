"""A network of the user's own code, in a package that lies in the project's folder."""

from __future__ import annotations

import json

import pytest

from tests.pipeline.own_network import own_network
from tests.pipeline.project import Project


@pytest.fixture
def own(tmp_path, bytecode) -> Project:
    return own_network(tmp_path / "project", bytecode)


@pytest.mark.slow
def test_it_is_called_if_its_package_is_named_and_an_edit_trains_again(own: Project):
    refused = own.dvc("repro")
    assert refused.code != 0
    assert "checkpoints.mine: my_package.nets is code, which no file may have" in refused.out
    assert "Traceback" not in refused.out

    done = own.dvc("repro", LORVP_CODE="my_package")
    assert done.code == 0, done.out
    before = own.trials()
    assert len(before) == 2
    comparison = (own.tables / "comparison.md").read_text()
    for record in before.values():
        assert f"{100 * record['summary']['test_accuracy']:.1f}" in comparison

    nets = own.repo / "my_package/nets.py"
    nets.write_text(nets.read_text().replace("nn.ReLU()", "nn.GELU()"))
    again = ("repro", "--force", "--single-item", "checkpoints@mine")
    assert own.dvc(*again, LORVP_CODE="my_package").code == 0
    manifest = json.loads((own.repo / "data/checkpoints/mine/manifest.json").read_text())
    assert set(manifest["own_code"]) == {"my_package", "my_package.nets"}
    done = own.dvc("repro", LORVP_CODE="my_package")
    assert done.code == 0, done.out
    assert done.to_train == 2
    assert not own.trials().keys() & before.keys()
