"""Users' own code that builds networks: what is called, and when it counts as changed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lorvp.errors import InputError
from lorvp.networks import checkpoint
from lorvp.networks.libraries.own_code import code_of, maker
from lorvp.networks.sources.python import PythonConfig

ROOT = Path(__file__).parents[3]
NET = """
from torch import nn
from mine.parts.wide import WIDTH

class Net(nn.Module):
    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, WIDTH, 8, 8)
        self.fc = nn.Linear(WIDTH, classes)

    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))

def make(classes: int = 2) -> "Net":
    return Net(classes)

def anything(classes: int = 2):
    return Net(classes)

def path() -> str:
    return ""

def unknown() -> "Elsewhere":
    return Net()

Named = nn.Linear
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package in a folder of its own, beside another module."""
    home = tmp_path / "project"
    (home / "mine/parts").mkdir(parents=True)
    (home / "mine/__init__.py").write_text("")
    (home / "mine/nets.py").write_text(NET)
    (home / "mine/parts/wide.py").write_text("from helper import two\nWIDTH = two() + 1\n")
    (home / "helper.py").write_text("def two() -> int:\n    return 2\n")
    (home / "unrelated.py").write_text("")
    monkeypatch.syspath_prepend(str(home))
    monkeypatch.setenv("LORVP_CODE", "mine")
    yield home
    for name in [name for name in sys.modules if name.split(".")[0] in {"mine", "helper"}]:
        del sys.modules[name]


def config(**settings) -> PythonConfig:
    plain = {"build": "mine.nets:make", "input_size": 16, "mean": (0, 0, 0), "std": (1, 1, 1)}
    return PythonConfig(**(plain | {"class_names": ["a", "b"]} | settings))


def test_all_files_that_are_imported_count_and_nothing_is_imported_for_that(package):
    found = code_of("mine.nets:make")
    assert list(found) == ["helper", "mine", "mine.nets", "mine.parts.wide"]
    assert "mine" not in sys.modules


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new", "counts"),
    [
        ("mine/nets.py", "mean((2, 3))", "amax((2, 3))", True),
        ("mine/parts/wide.py", "+ 1", "+ 2", True),
        ("helper.py", "return 2", "return 3", True),
        ("mine/nets.py", "self.fc(", "self.fc(  # a comment\n            ", False),
        ("mine/nets.py", "        super()", '        "Words."\n        super()', False),
    ],
)
def test_an_edit_makes_the_checkpoint_and_its_trials_again(package, file, old, new, counts):
    settings = config()
    made = settings.make(package)
    checkpoint.write(package / "net", made.network, made.facts)
    manifest = checkpoint.read_manifest(package / "net")
    before = settings.made_from(package), checkpoint.digest(manifest)
    edit(package / file, old, new)
    assert (settings.made_from(package) != before[0]) == counts
    if not counts:
        checkpoint.load(package / "net")
        return
    with pytest.raises(InputError, match=r"is not the code of .*: make the checkpoint again"):
        checkpoint.load(package / "net")
    again = manifest.model_copy(update={"own_code": settings.facts().own_code})
    assert checkpoint.digest(again) != before[1]


def refused(build: str, code: dict | None = None) -> str:
    with pytest.raises(InputError) as told:
        maker(build, code_of(build) if code is None else code)
    assert "\n" not in str(told.value)
    return str(told.value)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        ("mine.nets:anything", "should be a class deriving from torch.nn.Module, or a function"),
        ("mine.nets:path", "should be a class deriving from torch.nn.Module, or a function"),
        ("mine.nets:WIDTH", "should be a class deriving from torch.nn.Module, or a function"),
        ("mine.nets:unknown", "its annotations cannot be read: name 'Elsewhere' is not defined"),
        ("mine.nets:Named", "is defined in torch.nn.modules.linear; name it there"),
        ("mine.nets:nothing", "mine.nets has no nothing"),
    ],
)
def test_only_what_makes_a_network_is_called(package, build, message):
    assert message in refused(build)


def test_what_is_missing_is_named(package):
    assert "no Python module mine.other here; install mine, or put" in refused("mine.other:make")
    assert "no Python module yours.net here; install yours" in refused("yours.net:make")
    edit(package / "mine/nets.py", "from torch", "import no_such_package\nfrom torch")
    assert "mine.nets cannot be imported: No module named 'no_such" in refused("mine.nets:make")
    (package / "mine/nets.py").write_text("def make(:")
    assert "nets.py cannot be read as Python: " in refused("mine.nets:make")


def test_nothing_is_imported_unless_the_user_named_its_package(package, monkeypatch):
    code = code_of("mine.nets:make")
    for allowed in ("", "min", "mine.nets", "helper"):
        monkeypatch.setenv("LORVP_CODE", allowed)
        assert "set the environment variable LORVP_CODE=mine" in refused("mine.nets:make", code)
    assert "mine" not in sys.modules


def test_code_that_differs_is_not_imported(package):
    code = code_of("mine.nets:make")
    (package / "mine/__init__.py").write_text("raise SystemExit")
    assert "is not the code of mine that" in refused("mine.nets:make", code)
    assert "nothing says which code of mine.nets" in refused("mine.nets:make", {})
    assert "mine" not in sys.modules


def hashes(build: str) -> dict[str, str]:
    # Python has `os` within itself, without a file.
    return {"os": "0" * 64} if build.startswith("os:") else code_of(build)


LIBRARIES = [
    ("os:system", {"command": "touch exploded"}),
    ("pty:spawn", {"argv": ["touch", "exploded"]}),
    # These make networks, and may be told to write a file or to call an address.
    ("timm.models._factory:create_model", {"model_name": "test_vit", "cache_dir": "exploded"}),
    ("torchvision.models.resnet:resnet18", {"weights": "DEFAULT"}),
]


@pytest.mark.parametrize(("build", "kwargs"), LIBRARIES, ids=[build for build, _ in LIBRARIES])
def test_a_strangers_manifest_calls_nothing_of_a_library(package, build, kwargs, monkeypatch):
    """Though it knows the hashes of its files."""
    monkeypatch.chdir(package)
    made = config().make(package)
    checkpoint.write(package / "net", made.network, made.facts)
    path = package / "net/manifest.json"
    changed = {"architecture": build, "model_kwargs": kwargs, "own_code": hashes(build)}
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    with pytest.raises(InputError, match="is code, which no file may have called unless you say"):
        checkpoint.load(package / "net")
    monkeypatch.setenv("LORVP_CODE", "os,pty")
    with pytest.raises(InputError):
        checkpoint.load(package / "net")
    assert not Path("exploded").exists()


SPAWNED = """
import multiprocessing, sys
from pathlib import Path
from lorvp.networks import checkpoint

def answer(folder):
    return float(checkpoint.load(Path(folder)).network.head.bias.sum())

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.apply(answer, ("net",)))
"""


def test_worker_processes_find_the_code_of_the_folder_that_a_run_starts_in(package):
    """As ``python -m flows.prompts`` starts them."""
    made = config().make(package)
    expected = made.network.fc.bias.sum().item()
    checkpoint.write(package / "net", made.network, made.facts)
    (package / "started.py").write_text(SPAWNED)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "started"],
        cwd=package, env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(expected)
