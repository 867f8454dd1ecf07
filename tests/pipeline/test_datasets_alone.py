"""A params.yaml with datasets and nothing else."""

from __future__ import annotations

import shutil

import pytest

from tests.pipeline.project import Project

ALONE = "datasets:\n  digits: {kind: digits, test: 900, val: 300}\n"
SAID = "grid: it asks for no trial, so there is nothing to train"


@pytest.mark.slow
@pytest.mark.parametrize("rest", ["", "checkpoints: {}\ngrid: {}\n"], ids=["absent", "empty"])
def test_a_dataset_is_prepared_and_there_is_nothing_to_train(project: Project, rest: str):
    (project.repo / "params.yaml").write_text(ALONE + rest)
    done = project.dvc("repro", "datasets@digits")
    assert (done.code, done.stages) == (0, ["datasets@digits"]), done.out
    assert "300 val, 900 test" in done.out
    assert done.out.count(SAID) == 1
    again = project.python("-m", "flows.datasets", "digits")
    assert (again.code, "digits: up to date" in again.out) == (0, True), again.out

    shutil.rmtree(project.repo / "data/datasets/digits")
    whole = project.dvc("repro")
    assert "Traceback" not in whole.out
    assert SAID in whole.out
    assert "failed to reproduce 'prompts'" in whole.out
    trained = project.python("-m", "flows.prompts")
    assert trained.code == 2
    assert trained.out.startswith(f"params.yaml: {SAID}")
    assert len(trained.out.splitlines()) == 1
