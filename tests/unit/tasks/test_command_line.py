"""The flows as programs: what their ends print, and with which exit status."""

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys
import flows
from lorvp.errors import InputError
from tasks.orchestration.command_line import run

def main(number: int = 1, again: bool = False) -> None:
    {body}

if __name__ == "__main__":
    run(main, "stopped; trials are kept")
"""
CTRL_C = "os.kill(os.getpid(), signal.SIGINT)"


def program(body: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM.format(body=body), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        (CTRL_C, 130, "stopped; trials are kept\n"),
        ("raise InputError('params.yaml: no')", 2, "params.yaml: no\n"),
        ("raise OSError(28, 'No space left on device')", 2, "[Errno 28] No space left on device\n"),
        ("sys.exit(1)", 1, ""),
        ("return 7", 0, ""),
    ],
)
def test_an_end_that_a_user_understands_is_one_line(body: str, code: int, said: str):
    done = program(body)
    assert (done.returncode, done.stderr) == (code, said)


def test_other_errors_keep_their_traceback():
    done = program("raise ValueError('what')")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last)")
    assert done.stderr.endswith("ValueError: what\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--agian"], "No such option: --agian"),
        (["more"], "unexpected extra argument"),
        (["--number", "x"], "valid integer"),
    ],
)
def test_arguments_that_are_wrong_start_nothing(arguments: list[str], said: str):
    done = program("print('started')", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_arguments_are_of_the_types_that_are_written():
    done = program("print(number + 1, again)", "--number", "3", "--again")
    assert (done.returncode, done.stdout) == (0, "4 True\n")
