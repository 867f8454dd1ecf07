"""After a first run: what a change of the experiment or of the code trains again, and shows."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.pipeline.processes import held_in_training, nothing_is_left
from tests.pipeline.project import SOON, Project, end_of, wait_until

RANKS = "grid.pixel.method.lor_vp.rank"
BESIDE = ("", "tables", "tables/mine", "datasets", "checkpoints", "mine")
"""Folders below data/ in which no command of DVC touches a user's files."""
ADAVIPRO = "lorvp/prompts/methods/adavipro.py"


def test_nothing_runs_twice(project: Project):
    assert project.dvc("repro").stages == []
    project.edit(lambda params: params["compute"].update(workers=3))
    project.edit(lambda params: params["tracking"].update(wandb="offline", project="other"))
    again = project.dvc("repro")
    assert again.code == 0
    assert again.stages == []


@pytest.mark.slow
def test_a_rank_comes_goes_and_comes_back(project: Project):
    """Also runs the commands with which a user looks at the difference."""
    before = stamps(project.store)
    beside = noted([project.repo / "data" / name for name in BESIDE])
    added = project.dvc("exp", "run", "-S", f"{RANKS}=[1,2]")
    assert added.code == 0, added.out
    assert added.stages[-3:] == ["prompts", "shifts", "tables"]
    assert added.to_train == 4
    assert "FAILED" not in added.out
    assert before.items() <= stamps(project.store).items()
    assert rows(project) == {"lor_vp r=1", "lor_vp r=2", "adavipro p=8 s=8"}
    assert "lor_vp_r2.json" in project.dvc("metrics", "diff").out
    assert "[1, 2]" in project.dvc("params", "diff").out

    after = stamps(project.store)
    inside = noted(folders_of_runs(project))
    project.edit(lambda params: params["grid"]["pixel"]["method"]["lor_vp"].update(rank=[1]))
    removed = project.dvc("repro")
    assert (removed.code, removed.to_train) == (0, 0)
    assert set(project.trials()) == {path.parent.name for path in before}
    assert rows(project) == {"lor_vp r=1", "adavipro p=8 s=8"}

    project.edit(lambda params: params["grid"]["pixel"]["method"]["lor_vp"].update(rank=[1, 2]))
    back = project.python("-m", "flows.prompts")
    assert (back.code, back.to_train) == (0, 0)
    assert "Prefect" not in back.out
    assert len(project.trials()) == 12
    assert stamps(project.store) == after
    assert {path for path in beside + inside if not path.exists()} == set(), "users' files"


def folders_of_runs(project: Project) -> list[Path]:
    """All folders below data/, and a new one in each."""
    data = project.repo / "data"
    found = [path for path in data.rglob("*") if path.is_dir() and ".work" not in path.parts]
    assert len(found) > 20
    return found + [folder / "mine" for folder in found]


def noted(folders: list[Path]) -> list[Path]:
    """Put a file of the user into each folder."""
    notes = [folder / "notes.txt" for folder in folders]
    for path in notes:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    return notes


def stamps(store: Path) -> dict[Path, tuple[int, int, bytes]]:
    """Inode, time of change and content of each trial.json."""
    return {
        path: (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
        for path in store.glob("*/trial.json")
    }


def rows(project: Project) -> set[str]:
    """The methods in the printed comparison."""
    lines = (project.tables / "comparison.md").read_text().splitlines()[2:]
    return {line.split("|")[1].strip() for line in lines if line.startswith("|")}


def test_the_commands_of_dvc_show_something(project: Project):
    metrics = project.dvc("metrics", "show")
    assert metrics.code == 0
    assert "data/tables/metrics/lor_vp_r1.json" in metrics.out
    diff = project.dvc("metrics", "diff")
    assert diff.code == 0
    assert "Change" in diff.out
    dag = project.dvc("dag")
    assert dag.code == 0
    assert "checkpoints@letters_resnet" in dag.out
    plots = project.dvc("plots", "show")
    assert plots.code == 0
    page = (project.repo / "dvc_plots/index.html").read_text()
    assert "test_accuracy" in page
    assert "accuracy.png" in page
    project.edit(lambda params: params["grid"]["pixel"]["training"].update(lr=0.05))
    changed = project.dvc("params", "diff")
    assert changed.code == 0
    assert "grid.pixel.training.lr" in changed.out
    assert "prompts" in project.dvc("status").out


def test_code_trains_what_uses_it_and_sigterm_ends_in_seconds(project: Project):
    source = project.repo / ADAVIPRO
    source.write_text("# Regions.\n" + source.read_text().replace("AdaViPro: ", "AdaViPro, or "))
    said = project.python("-m", "flows.prompts")
    assert (said.code, said.to_train) == (0, 0)

    before = set(project.trials())
    edited = source.read_text().replace("std=1.0", "std=0.5")
    assert edited != source.read_text()
    source.write_text(edited)
    with project.started("-m", "flows.prompts") as process:
        one_more = lambda: len(project.trials(project.store)) > len(before)  # noqa: E731
        _, worker = wait_until(lambda: one_more() and held_in_training(project))
        process.send_signal(signal.SIGTERM)
        with suppress(psutil.NoSuchProcess):
            worker.resume()
        done = end_of(process, SOON)
    assert done.code == 128 + signal.SIGTERM
    assert "Traceback" not in done.out
    assert done.to_train == 4
    nothing_is_left(project)
    new = [t for name, t in project.trials(project.store).items() if name not in before]
    assert 0 < len(new) < 4
    assert {t["identity"]["settings"]["method"]["kind"] for t in new} == {"adavipro"}
