"""Weights that are downloaded: from a stand-in hub that answers, and from one that is dead.

In a process of its own, since the libraries read the hub's address when they are imported; in one
process, since it takes seconds to start.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub.errors import HTTPError
from safetensors.torch import load_file

from lorvp.errors import InputError
from lorvp.files.whole import sha256
from lorvp.networks.sources.base import reaching
from tests.support.networks.hub import serving
from tests.support.networks.samples import built, clip, facts, saved, torchvision_facts

ROOT = Path(__file__).parent.parent.parent.parent
NAMES = [f"kind {n}" for n in range(7)]

# Runs the stage for one checkpoint after another, each in a folder of its own; "stop" ends the hub.
STAGES = """
import contextlib, io, json, os, socket, sys, time, urllib.request
from dataclasses import replace
from pathlib import Path
from pydantic import TypeAdapter

time.sleep = lambda seconds: None  # between a library's many attempts
real = socket.getaddrinfo
def lookup(host, *args, **options):
    if host not in ("127.0.0.1", "localhost"):
        raise socket.gaierror(-2, "Name or service not known")
    return real(host, *args, **options)
socket.getaddrinfo = lookup

from lorvp.networks.sources import CheckpointConfig
from lorvp.experiment.params import Params
from tasks.errors import for_people
from tasks.settings import RunParams
from tasks.stages.prepare import prepare_checkpoint
from torchvision.models import ResNet18_Weights

weights, root = ResNet18_Weights.IMAGENET1K_V1, Path.cwd()
for label, settings, url in json.loads(sys.argv[1]):
    if label == "stop":
        urllib.request.urlopen(os.environ["HF_ENDPOINT"] + "/stop").read()
        continue
    name = label.split()[0]
    (root / name).mkdir(exist_ok=True)
    os.chdir(root / name)
    if url:  # torchvision's table of addresses, pointed at the stand-in
        weights._value_ = replace(weights.value, url=url)
    config = TypeAdapter(CheckpointConfig).validate_json(json.dumps(settings))
    status, said = 0, io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            with for_people():
                prepare_checkpoint("net", RunParams.model_construct(checkpoints={"net": config}))
        except SystemExit as end:
            status = end.code
    (root / f"{label}.json").write_text(json.dumps([status, said.getvalue()]))
"""


def run(root: Path, address: str, stages: list[tuple]) -> dict[str, tuple[int, str]]:
    """Exit status and all that was printed, by the names of the stages."""
    environment = os.environ | {
        "HF_ENDPOINT": address,
        "HF_HOME": str(root / "hf"),
        "TORCH_HOME": str(root / "torch"),
        "HF_HUB_DISABLE_XET": "1",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", STAGES, json.dumps(stages)]
    done = subprocess.run(
        command, cwd=root, env=environment, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return {path.stem: json.loads(path.read_text()) for path in root.glob("*.json")}


def stored(root: Path, name: str) -> Path:
    return root / name / "data/checkpoints/net"


def manifest(root: Path, name: str) -> dict:
    return json.loads((stored(root, name) / "manifest.json").read_text())


def files_of(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path) for path in folder.iterdir()}


def same_tensors(first: Path, second: Path) -> bool:
    one, two = load_file(first), load_file(second)
    return one.keys() == two.keys() and all(torch.equal(one[key], two[key]) for key in one)


DESCRIPTION = {
    "architecture": "test_resnet",
    "num_classes": 7,
    "num_features": 96,
    "label_names": NAMES,
    "pretrained_cfg": {
        "tag": "mine", "input_size": [3, 64, 64], "mean": [0.1, 0.2, 0.3],
        "std": [0.4, 0.5, 0.6], "interpolation": "bicubic", "crop_pct": 0.5,
        "num_classes": 7, "license": "cc0-1.0", "first_conv": "conv1.0", "classifier": "fc",
    },
}  # fmt: skip
TINY = {"kind": "timm", "name": "hf-hub:someone/tiny"}
MISFIT = {"kind": "timm", "name": "hf-hub:someone/misfit"}
EMPTY = {"kind": "timm", "name": "hf-hub:someone/empty"}
RESNET18 = {"kind": "torchvision", "weights": "ResNet18_Weights.IMAGENET1K_V1"}


DEAD = {
    "description": (
        {"kind": "timm", "name": "hf-hub:someone/other"},
        "https://huggingface.co/someone/other",
    ),
    "timm": (
        {"kind": "timm", "name": "resnet18.a1_in1k"},
        "https://huggingface.co/timm/resnet18.a1_in1k",
    ),
    "dead-torchvision": (RESNET18, "https://download.pytorch.org/models/resnet18-f37072fd.pth"),
    "dead-clip": (
        {"kind": "clip", "name": "ViT-B-16-quickgelu"},
        "https://huggingface.co/timm/vit_base_patch16_clip_224.openai",
    ),
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """What runs against a living hub left behind, and the files that the hub served."""
    root = tmp_path_factory.mktemp("hub")
    own = root / "files"
    own.mkdir()
    (own / "config.json").write_text(json.dumps(DESCRIPTION))
    saved(built(facts("test_resnet", size=64)), own / "tiny.safetensors")
    saved(built(facts("test_resnet", classes=8)), own / "misfit.safetensors")
    saved(built(clip().facts()), own / "clip.safetensors")
    big = torchvision_facts("ResNet18_Weights.IMAGENET1K_V1", classes=1000)
    digest = sha256(saved(built(big), own / "resnet18.pth"))[:8]
    tower = "/timm/vit_base_patch32_clip_224.openai/resolve/main/open_clip_model.safetensors"
    served = {
        "/someone/tiny/resolve/main/config.json": own / "config.json",
        "/someone/tiny/resolve/main/model.safetensors": own / "tiny.safetensors",
        "/someone/misfit/resolve/main/config.json": own / "config.json",
        "/someone/misfit/resolve/main/model.safetensors": own / "misfit.safetensors",
        "/someone/empty/resolve/main/config.json": own / "config.json",
        tower: own / "clip.safetensors",
        "/stop": own / "config.json",
        f"/resnet18-{digest}.pth": own / "resnet18.pth",
        "/resnet18-00000000.pth": own / "resnet18.pth",
    }
    with serving(served) as address:
        living = [
            ("one", TINY, None), ("two", TINY, None), ("one again", TINY, None),
            ("misfit", MISFIT, None), ("empty", EMPTY, None),
            ("clip", clip().model_dump(mode="json"), None),
            ("torchvision", RESNET18, f"{address}/resnet18-{digest}.pth"),
            ("changed", RESNET18, f"{address}/resnet18-00000000.pth"),
        ]  # fmt: skip
        original = "https://download.pytorch.org/models/resnet18-f37072fd.pth"
        dead = [(name, settings, original) for name, (settings, _) in DEAD.items()]
        return root, run(root, address, [*living, ("stop", None, None), *dead])


def test_a_network_of_the_hub_is_stored_with_what_the_hub_says_of_it(hub):
    root, ended = hub
    assert ended["one"] == [0, "net: timm:hf-hub:someone/tiny, 7 classes\n"]
    found = manifest(root, "one")
    assert found["source"] == "timm:hf-hub:someone/tiny"
    assert found["source_sha256"] == sha256(root / "files/tiny.safetensors")
    assert found["class_names"] == NAMES
    assert (found["mean"], found["std"]) == ([0.1, 0.2, 0.3], [0.4, 0.5, 0.6])
    assert (found["interpolation"], found["crop"]) == ("bicubic", 0.5)
    assert (found["input_size"], found["licence"]) == ([64, 64], "cc0-1.0")
    weights = stored(root, "one") / "weights.safetensors"
    assert same_tensors(weights, root / "files/tiny.safetensors")


def test_the_same_source_gives_the_same_bytes_and_no_work_twice(hub):
    root, ended = hub
    assert files_of(stored(root, "one")) == files_of(stored(root, "two"))
    assert ended["one again"] == [0, "net: up to date\n"]


def test_weights_that_do_not_fit_the_hubs_own_description_are_refused(hub):
    root, ended = hub
    status, said = ended["misfit"]
    assert status == 2
    assert said.startswith("params.yaml: checkpoints.net: hf-hub:someone/misfit: ")
    assert "fc.weight" in said
    assert not stored(root, "misfit").exists()


def test_a_repository_without_weights_is_told(hub):
    _, ended = hub
    status, said = ended["empty"]
    assert status == 2
    assert "https://huggingface.co/someone/empty has no weights that timm knows" in said


def test_torchvisions_weights_are_read_whole(hub):
    root, ended = hub
    assert ended["torchvision"][0] == 0, ended["torchvision"]
    given = torch.load(root / "files/resnet18.pth", weights_only=True)
    found = load_file(stored(root, "torchvision") / "weights.safetensors")
    assert found.keys() == given.keys()
    assert all(torch.equal(found[key], given[key]) for key in given)


def test_torchvisions_weights_are_checked_by_the_hash_in_their_name(hub):
    _, ended = hub
    status, said = ended["changed"]
    assert status == 2
    assert "/resnet18-00000000.pth: invalid hash value" in said.splitlines()[-1]


def test_clips_weights_come_from_the_hub(hub):
    root, ended = hub
    expected = "net: open_clip:ViT-B-32-quickgelu/openai, 2 texts per class"
    assert ended["clip"][0] == 0, ended["clip"]
    assert ended["clip"][1].splitlines()[-1] == expected
    found = manifest(root, "clip")
    assert found["source_sha256"] == sha256(root / "files/clip.safetensors")
    assert (found["templates"], found["class_names"]) == (["a {}", "no {}."], [])
    weights = stored(root, "clip") / "weights.safetensors"
    assert same_tensors(weights, root / "files/clip.safetensors")


@pytest.mark.parametrize("name", DEAD)
def test_a_dead_hub_is_told_in_one_line_with_the_way_out(hub, name):
    _, ended = hub
    status, said = ended[name]
    assert status == 2
    last = said.strip().splitlines()[-1]
    assert last.startswith(f"params.yaml: checkpoints.net: {DEAD[name][1]} cannot be had: ")
    assert last.endswith("download it elsewhere and give its path as `file:`")


@pytest.mark.parametrize("error", [OSError("no\nroute"), HTTPError("no route")], ids=repr)
def test_a_connection_that_breaks_is_told_whatever_library_saw_it(error):
    told = pytest.raises(InputError, match=r"^https://x.org cannot be had: no route\. ")
    with told, reaching("https://x.org"):
        raise error
