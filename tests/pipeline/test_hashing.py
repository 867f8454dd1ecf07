"""How often a finished trial's bytes are hashed, and that damage is noticed and mended."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.pipeline.project import Project

COUNT = """
import os
from lorvp.trials import verified
_real = verified.sha256
def _counted(path):
    with open({log!r}, "a") as log:
        print(os.getpid(), path.resolve(), file=log)
    return _real(path)
verified.sha256 = _counted
"""


def counting(project: Project) -> Path:
    """Make every process of the pipeline log the files of trials that it hashes; the log's path."""
    log = project.root / "hashed"
    module = project.repo / "tasks/__init__.py"
    module.write_text(module.read_text() + COUNT.format(log=str(log)))
    return log


def read(log: Path) -> Counter[tuple[str, str]]:
    """How often each process read each file."""
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return Counter((process, path) for process, _, path in (line.partition(" ") for line in lines))


@pytest.mark.slow
def test_a_process_reads_a_finished_trial_once_and_mends_what_was_damaged(project: Project):
    before, log = project.trials(), counting(project)
    project.edit(lambda params: params["grid"]["pixel"].update(seed=[0, 1, 2]))
    done = project.dvc("repro")
    assert (done.code, done.to_train) == (0, 4), done.out
    assert done.stages[-3:] == ["prompts", "shifts", "tables"]
    times = read(log)
    old = {key: n for key, n in times.items() if Path(key[1]).parent.name in before}
    assert set(old.values()) == {1}
    # In the store and as DVC left them, to plan; and once more to make tables.
    assert len(old) == 3 * 3 * len(before)
    # Twice only where the clock has not ticked since it was written.
    assert max(times.values()) <= 2

    names = [Path(trial) / "weights.safetensors" for trial in sorted(before)[:2]]
    whole = {path: (project.store / path).read_bytes() for path in names}
    a_bit_flips(project.prompts / names[0])
    refused = project.python("-m", "flows.tables")
    assert refused.code == 2
    assert "1 of 12 trials have no current result" in refused.out
    assert "python -m flows.prompts" in refused.out
    a_bit_flips(project.store / names[1])
    # Each from its other copy.
    assert project.python("-m", "flows.prompts").to_train == 0
    for folder in (project.store, project.prompts):
        assert {path: (folder / path).read_bytes() for path in names} == whole


def a_bit_flips(path: Path) -> None:
    """Flip a bit of a file and keep its times, as a failing disk does."""
    before, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    path.unlink()  # other names keep what they have
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
