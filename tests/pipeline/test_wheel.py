"""What `pip install lorvp` gives: the science alone, which uses a prompt that was trained here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from lorvp import bundles
from lorvp.store import read_record

from .conftest import FirstRun

ROOT = Path(__file__).parents[2]
USE = """
import importlib.util, sys
assert not any(importlib.util.find_spec(name) for name in ("prefect", "dvc", "wandb"))
import numpy as np, polars as pl, lorvp
folder, images = sys.argv[1:]
classifier = lorvp.load(folder)
found = [answer.name for answer in classifier.predict(list(np.load(images)))]
expected = pl.read_parquet(folder + "/predictions.parquet")["predicted"].to_list()
assert found == [classifier.class_names[k] for k in expected]
print(lorvp.__file__, len(found))
"""


def uv(*arguments: str, cwd: Path = ROOT) -> str:
    own = {"VIRTUAL_ENV", "PYTHONPATH"}
    environment = {name: value for name, value in os.environ.items() if name not in own}
    command = [shutil.which("uv") or "uv", *arguments]
    return subprocess.check_output(command, cwd=cwd, env=environment, text=True, stderr=sys.stderr)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_prompt_is_used_where_only_the_wheel_is_installed(first: FirstRun, tmp_path: Path):
    uv("build", "--out-dir", str(tmp_path / "dist"))
    (wheel,), (sdist,) = ([*(tmp_path / "dist").glob(end)] for end in ("*.whl", "*.tar.gz"))
    names = zipfile.ZipFile(wheel).namelist()
    assert {"lorvp/py.typed", "lorvp/published.csv", "lorvp/cli.py"} <= set(names)
    assert all(name.startswith(("lorvp/", "lorvp-")) for name in names)
    with tarfile.open(sdist) as archive:
        assert any(name.endswith("/tests/unit/tiny.py") for name in archive.getnames())

    uv("venv", "--quiet", "--python", sys.executable, str(tmp_path / "clean"))
    python = str(tmp_path / "clean/bin/python")
    uv("pip", "install", "--quiet", "--python", python, str(wheel), cwd=ROOT)
    prompt = next(first.project.prompts.glob("*/trial.json")).parent
    bundles.bundle(prompt, tmp_path / "bundle")
    digits = first.project.repo / "data/datasets" / read_record(prompt)["task"]["dataset"]
    out = subprocess.check_output(
        [python, "-c", USE, str(tmp_path / "bundle"), str(images_to_test(digits, tmp_path))],
        cwd=tmp_path, text=True,
    )  # fmt: skip
    assert str(tmp_path / "clean") in out
    told = subprocess.check_output(
        [str(tmp_path / "clean/bin/lorvp"), "show", str(tmp_path / "bundle")], text=True
    )
    assert read_record(prompt)["name"] in told


def images_to_test(digits: Path, folder: Path) -> Path:
    """The test split as an array of its own."""
    import numpy as np

    from lorvp.datasets import prepared

    np.save(folder / "images.npy", prepared.read(digits).split("test").images_NHWC.numpy())
    return folder / "images.npy"
