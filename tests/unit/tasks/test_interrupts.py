"""Ctrl-C before a stage has begun and after its end: what it says and how it exits."""

import signal
import subprocess
import sys

import pytest

CTRL_C = "os.kill(os.getpid(), signal.SIGINT)"


def python(*lines: str) -> subprocess.CompletedProcess[str]:
    script = "\n".join(["import atexit, os, signal", *lines])
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)


def test_while_it_imports_it_says_one_word():
    """`python -m flows.NAME` imports the package first."""
    done = python("import flows", CTRL_C, "import torch")
    assert done.returncode == -signal.SIGINT
    assert done.stderr == "stopped\n"


STOPPING = f"""
class Stopping:
    def find_spec(self, name, *others):
        if name == "typer":
            {CTRL_C}
sys.meta_path.insert(0, Stopping())
"""


def test_the_command_line_while_it_imports():
    done = python("import sys", "from lorvp.cli.main import main", STOPPING, "main()")
    assert done.returncode == -signal.SIGINT
    assert done.stderr == "stopped\n"


def test_the_command_line_while_it_works():
    work = f"@commands.app.command()\ndef work():\n    {CTRL_C}"
    start = "import sys\nsys.argv = ['lorvp', 'work']\nfrom lorvp.cli.main import main\nmain()"
    done = python("from lorvp.cli import commands", work, start)
    assert done.returncode == 130
    assert done.stderr == "stopped\n"


def test_other_errors_keep_their_traceback():
    done = python("import flows", "raise ValueError('what')")
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ValueError: what" in done.stderr


@pytest.mark.parametrize("status", [0, 1])
def test_when_all_is_done_it_changes_nothing(status):
    lines = [
        "from tasks.prefect_server.temporary import leave",
        "import lorvp.experiment.params, polars",
    ]
    done = python(*lines, f"atexit.register(lambda: {CTRL_C})", f"leave({status})")
    assert (done.returncode, done.stderr) == (status, "")
