"""A prompt goes to the Hugging Face hub and comes back, over its real client."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import lorvp
from lorvp.deployment import bundle
from tests.support.networks.upload_hub import hub


@pytest.fixture
def typed(tmp_path):
    """`lorvp ARGUMENTS` of a user who is logged in at a hub on this machine."""

    def run(address: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "HF_ENDPOINT": address,
            "HF_HOME": str(tmp_path / "cache"),
            "HF_TOKEN": "hf_secret",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "OMP_NUM_THREADS": str(torch.get_num_threads()),
            "PYTHONPATH": str(Path(lorvp.__file__).parents[1]),
        }
        command = [sys.executable, "-m", "lorvp.cli.commands", *map(str, arguments)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.mark.slow
def test_what_is_pushed_is_loaded_by_its_name_and_answers_the_same(
    project, pictures, tmp_path, typed
):
    folder, _, result = project.train("resnet", "lor_vp", "ilm")
    bundle.bundle(folder, tmp_path / "bundle")
    with hub() as (state, address):
        pushed = typed(address, "push", tmp_path / "bundle", "me/digits")
        assert pushed.returncode == 0, pushed.stderr
        answered = typed(address, "predict", "me/digits", *pictures, "--json")
        absent = typed(address, "predict", "me/nothing", pictures[0])
    down = typed(address, "push", tmp_path / "bundle", "me/digits")
    sent = {p.relative_to(tmp_path / "bundle").as_posix(): p.read_bytes()
            for p in (tmp_path / "bundle").rglob("*") if p.is_file()}  # fmt: skip
    assert sent.items() <= state.repositories["me/digits"].items()
    assert state.private["me/digits"] is True
    assert answered.returncode == 0, answered.stderr
    rows = json.loads(answered.stdout)
    assert [row["name"] for row in rows] == [
        project.digits.class_names[k] for k in result.test.predicted_N.tolist()
    ]
    assert [row["confidence"] for row in rows] == result.test.confidence_N.tolist()
    assert absent.returncode == 2
    said = "me/nothing is no folder here, and the Hugging Face hub does not give it"
    assert said in absent.stderr
    assert "Traceback" not in absent.stderr + down.stderr
    assert (down.returncode, "cannot upload to me/digits" in down.stderr) == (2, True)
    assert "hf_secret" not in pushed.stdout + pushed.stderr + answered.stderr + absent.stderr
