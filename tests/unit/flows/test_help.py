"""Every module of flows answers `--help` with words, and starts nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from lorvp.cli.pipeline import COMMANDS

ROOT = Path(__file__).parents[3]
MODULES = sorted(f"flows.{p.stem}" for p in (ROOT / "flows").glob("*.py") if p.stem != "__init__")
ASK = """
import contextlib, io, json, runpy, sys
found = {}
for name in sys.argv[1:]:
    said, code = io.StringIO(), None
    sys.argv = [name, "--help"]
    with contextlib.redirect_stdout(said):
        try:
            runpy.run_module(name, run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code
    found[name] = code, said.getvalue()
print(json.dumps(found))
"""


def test_every_module_answers_with_words_and_starts_nothing(tmp_path):
    quiet = os.environ | {"KINETO_LOG_LEVEL": "99", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK, *MODULES],
        cwd=tmp_path, env=quiet, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert {name: code for name, (code, _) in found.items()} == dict.fromkeys(MODULES, 0)
    for name, (_, text) in found.items():
        usage, _, about = text.partition("\n\n")
        own = [f"lorvp {word}" for word, program in COMMANDS.items() if program.module == name]
        assert usage.startswith(f"Usage: {own[0] if own else f'python -m {name}'} ")
        assert len(about.split()) > 8, text
    assert list(tmp_path.iterdir()) == []
