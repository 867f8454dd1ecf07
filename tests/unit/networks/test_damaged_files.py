"""Files of weights, and trials in a share, with seeded damage: right, or one line."""

import io
import warnings
import zipfile
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lorvp.errors import InputError
from lorvp.networks.weights_file import require_file
from lorvp.networks.weights_names import weights_in
from lorvp.trials.store import FILES
from tasks.runners.share import Share
from tests.support.watched import watched

STATE = {"weight": torch.arange(20.0).view(5, 4), "bias": torch.arange(5.0)}
ARRAYS = {name: tensor.numpy() for name, tensor in STATE.items()}
WRITERS = {
    "a.pth": lambda file: torch.save(STATE, file),
    "old.pth": lambda file: torch.save(STATE, file, _use_new_zipfile_serialization=False),
    "a.safetensors": lambda file: save_file(STATE, file),
    "a.npz": lambda file: np.savez(file, **ARRAYS),
    "small.npz": lambda file: np.savez_compressed(file, **ARRAYS),
}
NUMBER = 150


def damaged(content: bytes, number: int) -> bytes:
    random, changed = Random(number), bytearray(content)
    for _ in range(random.choice([1, 1, 2, 5])):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed[: random.randrange(len(changed))] if number % 5 == 0 else changed)


@pytest.mark.parametrize("name", WRITERS)
def test_damaged_weights_are_read_or_told(tmp_path, name):
    path = tmp_path / name
    WRITERS[name](path)
    assert not reading(path)  # and what is imported late is imported
    content, told = path.read_bytes(), 0
    for number in range(NUMBER):
        path.write_bytes(damaged(content, number))
        with watched() as seen, warnings.catch_warnings(action="ignore"):
            said = reading(path)
        told += bool(said)
        assert not said or str(path) in said, number
        assert len(said.splitlines()) <= 1, number
        assert [event for event in seen if event[0] != "pickle.find_class"] == [], number
    assert told > NUMBER / 4


def reading(path: Path) -> str:
    """The message with which a file is refused."""
    try:
        require_file(path)
        if path.suffix != ".npz":
            weights_in(path)
    except InputError as error:
        return str(error)
    return ""


def packed(kind: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", kind) as archive:
        for name in (*sorted(FILES), "trial.json"):
            archive.writestr(name, b"a trial" * 50)
    return file.getvalue()


def test_a_damaged_trial_of_a_share_is_no_trial(tmp_path):
    share = Share(str(tmp_path / "share"))
    for number in range(NUMBER):
        share.put_bytes("trials/x.zip", damaged(packed(zipfile.ZIP_STORED), number))
        assert share.get_trial("x", tmp_path / str(number)) in (True, False)
        assert {path.name for path in (tmp_path / str(number)).glob("**/*")} <= {
            *FILES,
            "trial.json",
        }


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_trial_that_grows_when_it_is_unpacked_is_no_trial(tmp_path, kind):
    """A thousand times, with these; ours are packed as they are."""
    share = Share(str(tmp_path / "share"))
    share.put_bytes("trials/x.zip", packed(kind))
    assert not share.get_trial("x", tmp_path / "x")
    share.put_bytes("trials/x.zip", packed(zipfile.ZIP_STORED))
    assert share.get_trial("x", tmp_path / "x")
    assert (tmp_path / "x/trial.json").read_bytes() == b"a trial" * 50
