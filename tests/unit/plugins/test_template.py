"""The package on the page, built, installed and used, and then uninstalled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from safetensors.torch import load_file

from tests.support.installed import install_template
from tests.support.pages import ROOT

PARAMS = """\
datasets:
  noise: {kind: digits}
checkpoints:
  tiny: {kind: trained, dataset: noise, architecture: test_resnet}
grid:
  all:
    dataset: noise
    network: tiny
    method: stripes
    mapping: scaled
    training: {epochs: 1, optimizer: adam, lr: 0.1}
"""

TRAIN = """
import json
from pathlib import Path
import lorvp
import torch
from lorvp.networks import checkpoint
from lorvp.networks.libraries.timm_models import create
from tasks import settings
from tests.support.jobs import job_of
from tests.support.networks.checkpoints import FACTS
from tests.support.tiny import dataset
from tests.support.training_alone import train_and_store

torch.manual_seed(0)
checkpoint.write(Path("data/checkpoints/tiny"), create("test_resnet", 5).eval(), FACTS)
data = dataset(Path("data/datasets/noise"))
(point,) = settings.read().points
job = job_of(point.trial)
record = train_and_store(job, "cpu", settings.TrackingConfig())
classifier = lorvp.load(job.store / job.fingerprint, "data/checkpoints")
answers = classifier.predict(list(data.split("test").images_NHWC.numpy()))
found = [classifier.class_names.index(answer.name) for answer in answers]
print(json.dumps([job.fingerprint, record["packages"], found]))
"""
LOAD = """
import sys
import lorvp
from tasks import settings

for call in (lambda: lorvp.load(sys.argv[1], "data/checkpoints"), settings.read):
    try:
        call()
    except ValueError as error:
        print(type(error).__name__, error)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    install_template(folder)
    return folder


def python(code: str, folder: Path, *arguments: str, path: tuple[Path, ...] = ()) -> str:
    """What a process in ``folder`` prints, with the packages in ``path`` installed."""
    script = folder / "script.py"
    script.write_text(code)
    variables = {"PYTHONPATH": os.pathsep.join(map(str, [ROOT, *path])), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), *arguments]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_its_kinds_are_trained_loaded_and_missed(site, tmp_path):
    (tmp_path / "params.yaml").write_text(PARAMS)
    name, packages, found = json.loads(python(TRAIN, tmp_path, path=(site,)).splitlines()[-1])
    assert packages == {"lorvp-stripes": "0.1.0"}
    folder = tmp_path / "store" / name
    assert found == pl.read_parquet(folder / "predictions.parquet")["predicted"].to_list()
    weights = load_file(folder / "weights.safetensors")
    assert weights["prompt.content.values"].shape == (3, 1, 32)
    assert (weights["mapping.scale"] != 1).all()

    loaded, read = python(LOAD, tmp_path, f"store/{name}").split("\n", 1)
    assert loaded.startswith(f"InputError store/{name}: trial.json: ")
    assert "unknown kind 'stripes'" in loaded
    assert loaded.endswith(
        "It was trained with lorvp-stripes 0.1.0 (here: lorvp-stripes not installed); install what "
        "it was trained with"
    )
    assert read.startswith("ParamsError params.yaml:9:5: grid.all.method: unknown kind 'stripes'")
    assert "kinds of other packages are here where these are installed" in read
