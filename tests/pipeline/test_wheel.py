"""`pip install lorvp` gives the science alone, which can use a prompt that was trained here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lorvp.datasets import prepared
from lorvp.deployment import bundle as bundles
from lorvp.trials.verified import read_record
from tests.pipeline.first_run import FirstRun
from tests.support.source_code import imported_by

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
ROOT = Path(__file__).parents[2]
PIPELINE = ("prefect", "dvc", "wandb", "pebble")
USE = f"""
import importlib.util, sys
assert not any(importlib.util.find_spec(name) for name in {PIPELINE})
import numpy as np, polars as pl, torch, lorvp
torch.set_num_threads(1)
folder, images = sys.argv[1:]
classifier = lorvp.load(folder)
found = classifier.predict(list(np.load(images)))
expected = pl.read_parquet(folder + "/predictions.parquet")
names = [classifier.class_names[k] for k in expected["predicted"]]
assert [answer.name for answer in found] == names
assert [answer.confidence for answer in found] == expected["confidence"].to_list()
print(lorvp.__file__, len(found))
"""
NEEDS_PIPELINE = re.compile(
    rf"^\s*(from|import) (tasks|flows|grimp|{'|'.join(PIPELINE)})\b|[\"'](tasks|flows)\.", re.M
)


@dataclass(frozen=True)
class Clean:
    """An environment with the wheel and its requirements; ``sdist`` is the unpacked source."""

    environment: Path
    wheel: Path
    sdist: Path

    @property
    def python(self) -> str:
        return str(self.environment / "bin/python")


def uv(*arguments: str) -> None:
    own = {"VIRTUAL_ENV", "PYTHONPATH"}
    environment = {name: value for name, value in os.environ.items() if name not in own}
    command = [shutil.which("uv") or "uv", *arguments]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Clean:
    root = tmp_path_factory.mktemp("wheel")
    uv("build", "--quiet", "--out-dir", str(root / "dist"))
    (wheel,), (archive,) = ([*(root / "dist").glob(end)] for end in ("*.whl", "*.tar.gz"))
    with tarfile.open(archive) as packed:
        packed.extractall(root, filter="data")
    uv("venv", "--quiet", "--python", sys.executable, str(root / "clean"))
    found = Clean(root / "clean", wheel, root / archive.name.removesuffix(".tar.gz"))
    uv("pip", "install", "--quiet", "--python", found.python, str(wheel))
    return found


def test_a_prompt_is_used_where_only_the_wheel_is_installed(
    first: FirstRun, clean: Clean, tmp_path: Path
):
    """The answers are the same to the last bit."""
    names = zipfile.ZipFile(clean.wheel).namelist()
    assert {"lorvp/py.typed", "lorvp/results/tables/published.csv", "lorvp/cli/commands.py"} <= set(
        names
    )
    assert all(name.startswith(("lorvp/", "lorvp-")) for name in names)

    prompt = next(first.project.prompts.glob("*/trial.json")).parent
    bundle = tmp_path / "bundle"
    bundles.bundle(prompt, bundle)
    digits = first.project.repo / "data/datasets" / read_record(prompt)["task"]["dataset"]
    np.save(tmp_path / "images.npy", prepared.read(digits).split("test").images_NHWC.numpy())
    out = subprocess.check_output(
        [clean.python, "-c", USE, str(bundle), str(tmp_path / "images.npy")],
        cwd=tmp_path, text=True,
    )  # fmt: skip
    assert str(clean.environment) in out
    command = [str(clean.environment / "bin/lorvp"), "show", str(bundle)]
    assert read_record(prompt)["name"] in subprocess.check_output(command, text=True)


def test_the_wheel_passes_the_tests_that_come_with_it(clean: Clean):
    """All unit tests but those of the pipeline pass without the pipeline."""
    extras = f"{clean.wheel}[clip,huggingface,onnx]"
    tools = ["hypothesis", "onnxruntime", "pdoc", "psutil", "pytest<9.2", "pytest-timeout"]
    tools += ["pytest-xdist"]
    uv("pip", "install", "--quiet", "--python", clean.python, extras, *tools)
    others = [f"--ignore={path}" for path in of_the_pipeline(clean.sdist)]
    # Not `python -m pytest`, which would take lorvp from where it is run.
    done = subprocess.run(
        [str(clean.environment / "bin/pytest"), "-q", "tests/unit", *others],
        cwd=clean.sdist, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-5000:]


def of_the_pipeline(root: Path) -> list[Path]:
    """Unit tests that need the pipeline, by themselves or through a helper in tests/support."""
    files = sorted((root / "tests/unit").rglob("*.py"))
    found = [path for path in files if needs_pipeline(path.relative_to(root).as_posix())]
    assert 0 < len(found) < len(files) / 4
    return found


def needs_pipeline(name: str) -> bool:
    own = [ROOT / file for file in imported_by(name) if file.startswith("tests/")]
    return any(NEEDS_PIPELINE.search(path.read_text()) for path in own)
