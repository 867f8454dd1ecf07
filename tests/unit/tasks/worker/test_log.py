"""A trial's log while it grows: each line once, whole, and none of yesterday's."""

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorvp.training.epoch import Epoch
from tasks.worker import log as trial_logs
from tasks.worker.log import Tail, epoch_line, log_file, own_log


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "log"


def append(file: Path, content: bytes | str) -> None:
    with file.open("ab") as opened:
        opened.write(content if isinstance(content, bytes) else content.encode())


def test_only_what_comes_after_the_first_look_is_told(file):
    append(file, "yesterday\n")
    tail = Tail(file)
    assert tail.new_lines() == []
    append(file, "one\ntwo\n")
    assert tail.new_lines() == ["one", "two"]
    assert tail.new_lines() == []
    append(file, "three\n")
    assert tail.new_lines() == ["three"]


def test_a_file_that_appears_later_is_told_from_its_beginning(file):
    tail = Tail(file)
    assert tail.new_lines() == []
    append(file, "one\n")
    assert tail.new_lines() == ["one"]


def test_half_a_line_waits_for_its_other_half(file):
    tail = Tail(file)
    append(file, "one\ntw")
    assert tail.new_lines() == ["one"]
    assert tail.new_lines() == []
    append(file, "o")
    assert tail.new_lines() == []
    append(file, "\nthree\n")
    assert tail.new_lines() == ["two", "three"]


def test_half_a_character_waits_for_its_other_half(file):
    tail, word = Tail(file), "Prüfung · 學習\n".encode()
    for byte in word:
        assert tail.new_lines() == []
        append(file, bytes([byte]))
    assert tail.new_lines() == ["Prüfung · 學習"]


@pytest.mark.parametrize("half", [b"\xc3", b"\xe5\xad", b"\xff\x00"])
def test_what_a_killed_process_wrote_by_half_stops_nobody(file, half):
    """A character that never ends, before the next process's first line."""
    tail = Tail(file)
    append(file, b"one\nepoch " + half)
    assert tail.new_lines() == ["one"]
    append(file, "two\nthree\n")
    [joined, last] = tail.new_lines()
    assert joined.startswith("epoch ")
    assert joined.endswith("two")
    assert last == "three"


def test_empty_lines_hold_nothing_up(file):
    tail = Tail(file)
    append(file, "\n")
    append(file, "\none\n\n")
    assert [line for line in tail.new_lines() if line] == ["one"]
    append(file, "two\n")
    assert [line for line in tail.new_lines() if line] == ["two"]


lines = st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])))


@given(lines=lines, cuts=st.lists(st.integers(0, 400)))
def test_however_it_grows_the_lines_are_those_that_were_written(tmp_path_factory, lines, cuts):
    file = tmp_path_factory.mktemp("growing") / "log"
    content = "".join(f"<{line}>\n" for line in lines).encode()
    tail, found, last = Tail(file), [], 0
    for cut in [*sorted(cuts), len(content)]:
        append(file, content[last:cut])
        last = max(last, cut)
        found += tail.new_lines()
    assert found == [f"<{line}>" for line in lines]


def test_a_trials_log_has_what_lorvp_says_of_it_and_no_others_has_it(tmp_path, monkeypatch):
    monkeypatch.setattr(trial_logs, "FOLDER", tmp_path / "logs")
    with own_log("a") as log:
        log.info("begins")
        logging.getLogger("lorvp.trials.resume").warning("damaged: Prüfung")
    with own_log("b") as log:
        log.info("another")
    logging.getLogger("lorvp.trials.resume").warning("nobody's")
    said = {name: log_file(name).read_text(encoding="utf-8") for name in ("a", "b")}
    assert [line.split(maxsplit=2)[2] for line in said["a"].splitlines()] == [
        "INFO    begins",
        "WARNING damaged: Prüfung",
    ]
    assert said["b"].count("\n") == 1
    assert logging.getLogger("lorvp").handlers == []


def test_an_epoch_is_a_line_of_its_numbers():
    epoch = Epoch(7, 0.1, 1.23456, 0.5, 2.0, 0.98765, 3.0, 4.0)
    assert epoch_line(epoch) == "epoch   7: loss 1.235, train 50.0%, val 98.8%"
