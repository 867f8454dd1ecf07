"""Bundles that would write a file or run its code: each trap first goes off by the library's own
functions, and then not through ours."""

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch

import lorvp
from lorvp.errors import InputError
from lorvp.files.whole import sha256
from lorvp.networks import checkpoint
from tests.support.bundles import record, settle
from tests.support.networks.hub import serving
from tests.support.networks.samples import built, clip, saved
from tests.support.watched import watched


@pytest.fixture(autouse=True, scope="module")
def imported(given):
    """What is imported late would be seen as files that are read."""
    lorvp.load(given)


@pytest.fixture
def tower(tmp_path):
    """A checkpoint of open_clip's."""
    own = clip().facts()
    checkpoint.write(tmp_path / "tower", built(own), own)
    checkpoint.load(tmp_path / "tower")
    return tmp_path / "tower"


def edit(manifest: Path, **facts) -> None:
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | facts))


def files_below(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def refused(load, path: Path) -> str:
    """What is said, on one line; nothing was written, asked for or started meanwhile."""
    with watched() as seen, pytest.raises(InputError) as told:
        load(path)
    assert seen == []
    assert len(str(told.value).splitlines()) == 1
    return str(told.value)


def test_a_bundle_that_is_loaded_writes_nothing_and_asks_nobody(bundle, tower, tmp_path):
    before = files_below(tmp_path)
    with watched() as seen:
        lorvp.load(bundle)
        checkpoint.load(tower)
    assert seen == []
    assert files_below(tmp_path) == before


@pytest.fixture
def planted(tmp_path):
    """Settings by which timm writes a file where Python would run it at its next start."""
    site = tmp_path / "site-packages"
    weights = saved(torch.nn.Linear(1, 1), tmp_path / "weights.pth")
    with serving({"/planted.pth": weights}) as address:
        cfg = {"url": f"{address}/planted.pth"}
        yield site, {"pretrained": True, "pretrained_cfg": cfg, "cache_dir": str(site)}


def test_no_file_is_planted_by_a_networks_settings(bundle, planted):
    import timm

    site, settings = planted
    with pytest.raises(RuntimeError, match=r"size mismatch|Missing key"):
        timm.create_model("test_vit", **settings)
    assert (site / "planted.pth").is_file()
    shutil.rmtree(site)
    edit(bundle / "network/manifest.json", model_kwargs=settings)
    refused(lorvp.load, bundle)
    assert not site.exists()


@pytest.fixture
def foreign_tokenizer(tmp_path, monkeypatch):
    """A folder with a tokenizer's code, and a stand-in for the library that runs it if asked to."""
    folder, ran = tmp_path / "repository", []
    folder.mkdir()
    text = {"hf_tokenizer_name": "x", "tokenizer_kwargs": {"trust_remote_code": True}}
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": {"text_cfg": text}}))
    (folder / "tokenizer.py").write_text("ran.append(__file__)")

    class AutoTokenizer:
        @staticmethod
        def from_pretrained(name, *, trust_remote_code=False, **_):
            if trust_remote_code:
                source = Path(name) / "tokenizer.py"
                exec(source.read_text(), {"ran": ran, "__file__": str(source)})
            return AutoTokenizer()

    stand_in = ModuleType("transformers")
    stand_in.AutoTokenizer = AutoTokenizer
    monkeypatch.setitem(sys.modules, "transformers", stand_in)
    return folder, ran


def test_no_tokenizer_of_a_strangers_runs(tower, foreign_tokenizer):
    import open_clip

    folder, ran = foreign_tokenizer
    open_clip.get_tokenizer(f"local-dir:{folder}")
    assert ran == [str(folder / "tokenizer.py")]
    ran.clear()
    text = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]["text_cfg"]
    own = json.loads((tower / "manifest.json").read_text())["model_kwargs"]
    for changes in (
        {"architecture": f"local-dir:{folder}"},
        {"architecture": "hf-hub:someone/x"},
        {"model_kwargs": own | {"text_cfg": own["text_cfg"] | text}},
        {"model_kwargs": own | {"text_cfg": text | {"hf_tokenizer_name": str(folder)}}},
    ):
        again = shutil.copytree(tower, folder.parent / "again")
        edit(again / "manifest.json", **changes)
        refused(checkpoint.load, again)
        shutil.rmtree(again)
    assert ran == []


class Program:
    """Pickled, it asks for a function to be called."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("name", ["weights.safetensors", "network/weights.safetensors"])
def test_a_program_in_place_of_weights_does_not_run(bundle, tmp_path, name):
    torch.save(Program(tmp_path / "mark"), tmp_path / "program.pt")
    torch.load(tmp_path / "program.pt", weights_only=False)
    (tmp_path / "mark").unlink()
    shutil.copy(tmp_path / "program.pt", bundle / name)
    changed = record(bundle)
    digest = sha256(bundle / "network/weights.safetensors")
    changed["network"]["weights_sha256"] = digest
    edit(bundle / "network/manifest.json", weights_sha256=digest)
    settle(bundle, changed)
    assert str(bundle / name) in refused(lorvp.load, bundle)
    assert not (tmp_path / "mark").exists()
