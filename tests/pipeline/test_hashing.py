"""How often the bytes of a finished trial are read to be believed, and what believes them."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from .project import Project

COUNT = """
from lorvp import store
_real = store.sha256
def _counted(path):
    with open({log!r}, "a") as log:
        print(path.resolve().parent.name.strip(".")[:20], path.name, file=log)
    return _real(path)
store.sha256 = _counted
"""


def counting(project: Project) -> Path:
    """Every process of the pipeline writes down which file of the store it hashes."""
    log = project.root / "hashed"
    module = project.repo / "tasks/__init__.py"
    module.write_text(module.read_text() + COUNT.format(log=str(log)))
    return log


def read(log: Path) -> Counter[str]:
    """How often each file was read."""
    found = Counter(log.read_text().splitlines()) if log.exists() else Counter()
    log.unlink(missing_ok=True)
    return found


def test_each_process_reads_a_finished_trial_once_and_sees_what_was_damaged(project: Project):
    before, log = project.trials(), counting(project)
    project.edit(lambda params: params["grid"]["pixel"].update(seed=[0, 1, 2]))
    done = project.dvc("repro")
    assert (done.code, done.to_train) == (0, 4), done.out
    assert done.stages[-3:] == ["prompts", "shifts", "tables"]
    times = read(log)
    assert len(times) == 3 * len(project.trials())
    # Once to plan and once to make tables; no test set asks for it in between.
    assert {times[name] for name in times if name.split()[0] in before} == {2}
    # What is new is read when it is written, when it is told of, and for tables; once more where
    # the clock has not ticked since it was written.
    assert {times[name] for name in times if name.split()[0] not in before} <= {3, 4}

    assert project.python("-m", "flows.prompts").to_train == 0
    assert set(read(log).values()) == {1}, "with nothing to train"
    a_bit_flips(project.prompts / min(before) / "weights.safetensors")
    refused = project.python("-m", "flows.tables")
    assert refused.code == 2
    assert "1 of 12 trials have no current result" in refused.out
    assert project.python("-m", "flows.prompts").to_train == 1


def a_bit_flips(path: Path) -> None:
    """On the disk, which nobody sees from outside: the time of the last write stays."""
    before, data = path.stat(), bytearray(path.read_bytes())
    data[-1] ^= 1
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
