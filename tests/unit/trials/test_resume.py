"""Where a stopped trial stands: kept whole or not at all, and never more than plain values."""

import hashlib
import logging
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lorvp.files.whole import DiskFullError
from lorvp.trials.resume import NOWHERE, ResumeFile
from tests.support.mounts import mounted
from tests.support.mutations import mangled

STATE = {"tensors": [torch.arange(4096.0)], "epoch": 3}
PAGE = 4096


@pytest.fixture
def file(tmp_path):
    return ResumeFile(tmp_path / "states" / "a trial")


def bits(value):
    """Any state as something that can be compared exactly, -0.0 and no numbers included."""
    if isinstance(value, torch.Tensor):
        whole = value.detach().contiguous().view(-1).view(torch.uint8)
        return str(value.dtype), tuple(value.shape), bytes(whole.tolist())
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, dict):
        return {key: bits(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [bits(item) for item in value]
    return value


def trained_by(optimizer: type[torch.optim.Optimizer], **settings) -> dict:
    """What an optimiser and its schedule remember after two steps."""
    parameter = torch.nn.Parameter(torch.linspace(-1, 1, 5))
    made = optimizer([{"params": [parameter], "lr": 0.1}], **settings)
    schedule = torch.optim.lr_scheduler.LambdaLR(made, lambda step: 0.5**step)
    for _ in range(2):
        made.zero_grad()
        (parameter**2).sum().backward()
        made.step()
        schedule.step()
    return {"optimizer": made.state_dict(), "schedule": schedule.state_dict()}


KINDS = {
    "numbers of every type": [
        torch.tensor([1.5, -0.0, float("nan"), float("inf")]).to(dtype)
        for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16)
    ] + [torch.tensor([3, -1]), torch.tensor([True]), torch.zeros(0, 3), torch.tensor(7)],
    "another memory layout": torch.arange(24.0).view(1, 2, 3, 4).to(
        memory_format=torch.channels_last
    ),
    "a trained parameter": torch.nn.Parameter(torch.ones(2)).detach(),
    "plain values": {"none": None, "text": "Prüfung · 學", "rank": (0.5, -1e-310), "no": []},
    "no number": [float("nan"), float("-inf"), -0.0, 2**60],
    "Adam": trained_by(torch.optim.Adam),
    "SGD": trained_by(torch.optim.SGD, momentum=0.9, weight_decay=0.1),
    "random state": torch.get_rng_state(),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_state_comes_back_bit_by_bit(file, kind):
    file.save({"it": KINDS[kind]})
    again = ResumeFile(file.path).load()
    assert again is not None
    assert bits(again) == bits({"it": KINDS[kind]})


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(state=st.dictionaries(st.text(), plain))
def test_any_plain_values_come_back(tmp_path_factory, state):
    file = ResumeFile(tmp_path_factory.getbasetemp() / "plain")
    file.save(state)
    assert bits(file.load()) == bits(state)


def test_the_newest_state_is_the_one_that_is_kept(file):
    assert file.load() is None
    for epoch in range(3):
        file.save({"epoch": epoch})
        assert file.load() == {"epoch": epoch}
    assert [path.name for path in file.path.parent.iterdir()] == ["a trial"]
    file.forget()
    assert file.load() is None
    assert list(file.path.parent.iterdir()) == []
    file.forget()


def test_without_a_file_training_starts_at_the_beginning():
    NOWHERE.save(STATE)
    assert NOWHERE.load() is None


def cut(share: float):
    return lambda content: content[: int(len(content) * share)]


def flipped(share: float):
    def damage(content: bytes) -> bytes:
        place = min(int(len(content) * share), len(content) - 1)
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    return damage


DAMAGES = {
    "empty": lambda content: b"",
    "longer": lambda content: content + b"\0",
    "zeros, as after a power cut": lambda content: bytes(len(content)),
    **{f"cut at {share}": cut(share) for share in (0.0005, 0.5, 0.999)},
    **{f"flipped at {share}": flipped(share) for share in (0, 0.001, 0.01, 0.5, 1)},
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_state_is_told_and_removed_and_the_next_is_kept(file, damage, caplog):
    file.save(STATE)
    file.path.write_bytes(DAMAGES[damage](file.path.read_bytes()))
    with caplog.at_level(logging.WARNING, "lorvp"):
        assert file.load() is None
    assert f"{file.path} is damaged; the trial starts over" in caplog.text
    assert not file.path.exists()
    file.save({"epoch": 0})
    assert file.load() == {"epoch": 0}


class Bomb:
    """What runs a command where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_what_somebody_else_wrote_is_never_run(file, tmp_path, writer, caplog):
    """Even under the right checksum, which anybody can compute."""
    bomb, went_off = {"training": Bomb(tmp_path / "ran")}, tmp_path / "ran"
    other = tmp_path / "other"
    torch.save(bomb, other) if writer == "torch" else other.write_bytes(pickle.dumps(bomb))
    torch.load(other, weights_only=False) if writer == "torch" else pickle.loads(other.read_bytes())
    assert went_off.exists(), "it would run"
    went_off.unlink()
    save_signed(file, other.read_bytes())
    assert file.load() is None
    assert not went_off.exists()
    assert "is damaged; the trial starts over" in caplog.text
    assert not file.path.exists()


def save_signed(file: ResumeFile, content: bytes) -> None:
    file.path.parent.mkdir(parents=True, exist_ok=True)
    file.path.write_bytes(hashlib.sha256(content).digest() + content)


@pytest.mark.parametrize("room", [0, 1, 4], ids=lambda pages: f"{pages} pages left")
def test_a_full_disk_leaves_the_older_state_whole(tmp_path, room):
    folder = tmp_path / "states"
    file = ResumeFile(folder / "a trial")
    with mounted(folder, f"size={40 * PAGE}"):
        file.save(STATE)
        (folder / "rest").write_bytes(bytes((39 - room) * PAGE - file.path.stat().st_size))
        with pytest.raises(DiskFullError, match=rf"the disk is full: {folder}, where 0\.0 GB"):
            file.save({"tensors": [torch.zeros(40 * PAGE)], "epoch": 4})
        assert bits(file.load()) == bits(STATE)
        assert {path.name for path in folder.iterdir()} == {"a trial", "rest"}
        (folder / "rest").unlink()
        file.save(STATE | {"epoch": 4})
        assert bits(file.load()) == bits(STATE | {"epoch": 4})


KILLED_WHILE_SAVING = """
import os, signal, sys, torch
from pathlib import Path
from random import Random
from lorvp.trials.resume import ResumeFile
file = ResumeFile(Path(sys.argv[1]))
file.save({"epoch": 0})
os.replace = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
file.save({"epoch": 1})
"""


def test_sigkill_while_saving_leaves_the_older_state_and_nothing_for_long(file):
    file.path.parent.mkdir(parents=True)
    neighbour = file.path.with_name(".a trial of another name~x")
    neighbour.write_text("somebody is writing this")
    command = [sys.executable, "-c", KILLED_WHILE_SAVING, str(file.path)]
    ended = subprocess.run(command, check=False, timeout=600)
    assert ended.returncode == -signal.SIGKILL
    assert file.load() == {"epoch": 0}
    file.save({"epoch": 1})
    assert {p.name for p in file.path.parent.iterdir()} == {"a trial", neighbour.name}
    file.forget()
    assert [p.name for p in file.path.parent.iterdir()] == [neighbour.name]


@pytest.mark.parametrize("group", range(3))
def test_other_content_under_the_right_checksum_is_a_state_or_none(file, group):
    file.save(STATE)
    whole = file.path.read_bytes()[32:]
    for number in range(group, 60, 3):
        content = mangled(whole, Random(number))
        file.path.write_bytes(hashlib.sha256(content).digest() + content)
        assert isinstance(file.load(), dict | None), number


def test_a_state_that_is_no_mapping_is_none(file):
    file.save([1, 2])
    assert file.load() is None
    assert not file.path.exists()
