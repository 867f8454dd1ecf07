"""Files that hold no weights, or more than that: refused in one line, and none of it runs."""

import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from lorvp.errors import InputError
from tests.support.networks.samples import built, facts, read_from, saved


class Bomb:
    """What unpickles it runs a command."""

    def __reduce__(self):
        return os.system, ("touch exploded",)


def a_web_page(path: Path) -> None:
    path.write_text("\n<!DOCTYPE html><html>404</html>")


def a_program(path: Path) -> None:
    torch.save({"state_dict": Bomb()}, path)


def an_old_program(path: Path) -> None:
    torch.save({"state_dict": Bomb()}, path, _use_new_zipfile_serialization=False)


def half(path: Path) -> None:
    saved(built(facts("test_resnet")), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(5000))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def a_list(path: Path) -> None:
    torch.save([torch.zeros(3)], path)


def objects(path: Path) -> None:
    np.savez(path, cls=np.array([Bomb()], dtype=object))


@pytest.mark.parametrize(
    ("write", "name", "message"),
    [
        (a_web_page, "w.safetensors", "is a web page, not weights"),
        (a_web_page, "w.pth", "is a web page, not weights"),
        (a_program, "w.pth", r"would run code when it is read \(it asks for .*system\)"),
        (an_old_program, "w.pth", "would run code when it is read"),
        (half, "w.safetensors", "is damaged or cut off"),
        (half, "w.pth", "is damaged, cut off or no weights"),
        (noise, "w.safetensors", "is damaged or cut off"),
        (noise, "w.pth", "is damaged, cut off or no weights"),
        (noise, "w.npz", "is damaged or holds more than numbers"),
        (empty, "w.pth", "is damaged, cut off or no weights"),
        (a_list, "w.pth", "holds no tensors by name, but a list"),
        (objects, "w.npz", "is damaged or holds more than numbers"),
        (lambda path: None, "w.pth", "file: there is no "),
    ],
    ids=lambda v: getattr(v, "__name__", v) if not isinstance(v, str) or len(v) < 16 else "",
)
def test_what_is_no_file_of_weights_is_refused(tmp_path, names, monkeypatch, write, name, message):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / name)
    with pytest.raises(InputError, match=message) as error:
        read_from(tmp_path / name, names).make(tmp_path)
    assert str(tmp_path / name) in str(error.value)
    assert "\n" not in str(error.value)
    assert not Path("exploded").exists()


def test_a_program_of_torchs_own_is_refused_with_what_to_take_instead(tmp_path, names):
    """OpenAI's own files of CLIP are such archives."""
    with zipfile.ZipFile(tmp_path / "w.pt", "w") as archive:
        archive.writestr("w/code/__torch__/model.py", "")
        archive.writestr("w/data.pkl", pickle.dumps({}))
    with pytest.raises(InputError, match=r"is a TorchScript program.*take the safetensors file"):
        read_from(tmp_path / "w.pt", names).make(tmp_path)
