"""Mistakes in params.yaml or the surroundings give one message, no traceback and no new file."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.pipeline.left import files
from tests.pipeline.project import Project, free_port


def misspelt(params: Any) -> None:
    block = params["grid"]["pixel"]
    block.update(method={"lor_pv": {"rank": 1}}, mapping=["ilm", "pl"])
    params["datasets"]["digits"]["kind"] = "didgits"


def too_wide(params: Any) -> None:
    params["grid"]["pixel"]["method"]["adavipro"]["width"] = 17


def too_good(params: Any) -> None:
    params["checkpoints"]["letters_resnet"].update(min_accuracy=1.0, epochs=1)


def too_many(params: Any) -> None:
    params["datasets"]["digits"].update(test=1700, val=1700)


def no_such_network(params: Any) -> None:
    """Which is refused before the dataset that changed is prepared."""
    params["datasets"]["digits"]["val"] = 200
    params["checkpoints"]["x"] = {"kind": "timm", "name": "no_such_model"}


CASES = {
    misspelt: [
        r"params.yaml:\d+:\d+: grid.pixel.method.lor_pv: .*did you mean 'lor_vp'",
        r"params.yaml:\d+:\d+: grid.pixel.mapping.1: .*'pl'",
        r"params.yaml:\d+:\d+: datasets.digits.*'didgits'",
    ],
    no_such_network: [
        r"params.yaml: checkpoints.x: timm has no architecture 'no_such_model'",
        r"failed to reproduce 'datasets@digits'",
    ],
    too_wide: [r"params.yaml: grid: adavipro p=17 s=8 · ilm: .*17"],
    too_good: [r"params.yaml: checkpoints.letters_resnet: .* less than min_accuracy \(100%\)"],
    too_many: [r"params.yaml: datasets.digits: .*1700.* of 1797 images"],
}


@pytest.mark.parametrize("mistake", CASES, ids=lambda mistake: mistake.__name__)
def test_a_mistake_in_params(project: Project, mistake: Callable[[Any], None]):
    before = files(project)
    project.edit(mistake)
    done = project.dvc("repro")
    assert done.code == 255
    for message in CASES[mistake]:
        assert re.search(message, done.out), done.out
    assert "exited with 2" in done.out, done.out
    assert "Traceback" not in done.out
    # DVC takes the outputs of a stage away before it runs it; its cache has them.
    assert files(project).items() <= before.items()


def test_what_is_no_yaml(project: Project):
    with (project.repo / "params.yaml").open("a") as file:
        file.write("grid: [\n")
    for done, code in [(project.dvc("repro"), 255), (project.python("-m", "flows.tables"), 2)]:
        assert done.code == code, done.out
        assert "params.yaml" in done.out
        assert "Traceback" not in done.out


def test_a_prefect_server_that_does_not_answer(project: Project):
    project.edit(lambda params: params["grid"]["pixel"].update(seed=2))
    before = files(project)
    url = f"http://127.0.0.1:{free_port()}/api"
    done = project.python("-m", "flows.prompts", PREFECT_API_URL=url)
    assert done.code == 2
    assert f"PREFECT_API_URL is {url}, but no Prefect server answers there" in done.out
    assert "Traceback" not in done.out
    assert files(project) == before


@pytest.mark.skipif(platform.machine() != "x86_64", reason="oneDNN plays older x86 processors only")
@pytest.mark.parametrize("flow", ["flows.prompts", "flows.costs"])
def test_a_precision_that_the_processor_lacks(project: Project, flow: str):
    project.edit(lambda params: params["grid"]["pixel"]["training"].update(precision="bf16"))
    before = files(project)
    done = project.python("-m", flow, ONEDNN_MAX_CPU_ISA="AVX2")
    assert done.code == 2, done.out
    assert "training.precision is bf16, which cpu computes far slower than fp32" in done.out
    assert "compute: {slow_precision: true}" in done.out
    assert "Traceback" not in done.out
    assert files(project) == before
