"""What the terminal shows while trials run: those that run and how far each is, a line for each
that has ended, and a bar with the time left.

Where the output is no terminal, a line now and then says how far a trial is.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import timedelta
from types import TracebackType
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from lorvp.text.printable import printable
from tasks.orchestration.running import Running, RunningTrials, listening

ROWS = 8
"""At most so many trials that run have a row of their own."""
EVERY = 30.0
"""Seconds from one plain line to the next, where there is no terminal."""
MEMORY = 600
"""Seconds of the past from which the time left is told; epochs may take minutes."""


class _Bars(RichProgress):
    """A bar for the run, above it a row for each trial that runs."""

    def __init__(self, running: RunningTrials, *columns: ProgressColumn, **options: Any):
        self.running = running
        super().__init__(*columns, **options)

    def get_renderables(self) -> Iterable[RenderableType]:
        trials = [*self.running.trials.values()]
        if trials:
            yield rows(trials)
        yield self.make_tasks_table(self.tasks)


def rows(trials: list[Running]) -> Table:
    """A row for each of the first trials, and how many there are more."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for trial in trials[:ROWS]:
        bar = ProgressBar(total=1, completed=trial.share, width=16)
        table.add_row(Text(printable(trial.name)), bar, *map(Text, told(trial)))
    if len(trials) > ROWS:
        table.add_row(Text(f"and {len(trials) - ROWS} more", style="dim"))
    return table


def told(trial: Running) -> list[str]:
    """How far a trial is: its last epoch, loss, accuracies and the time left."""
    seen = trial.last
    if seen is None:
        return ["begins"]
    left = "" if trial.left is None else f"{timedelta(seconds=round(trial.left))} left"
    measures = [f"loss {seen.loss:.3f}", f"train {seen.train:.1%}", f"val {seen.val:.1%}"]
    return [f"epoch {seen.epoch + 1}/{trial.epochs}", *measures, left]


class Progress:
    """Counts finished trials and keeps the failed ones with their reasons."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
        self.failures: list[tuple[str, str]] = []
        self._running = RunningTrials(self._changed)
        self._bars = _Bars(
            self._running,
            TextColumn("trials"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("· left"),
            TimeRemainingColumn(),
            console=Console(highlight=False, soft_wrap=True),
            speed_estimate_period=MEMORY,
        )
        self._bar = self._bars.add_task("", total=total)
        self._open, self._said = ExitStack(), time.monotonic()

    def expect(self, more: int) -> None:
        """Count ``more`` trials that have become known."""
        self.total += more
        self._bars.update(self._bar, total=self.total)

    @property
    def percent(self) -> float:
        """How much of the run is done."""
        return 100 * self.done / max(1, self.total)

    @property
    def summary(self) -> str:
        """Each failed trial and its reason."""
        lines = [f"  {name}: {reason}" for name, reason in self.failures]
        return "\n".join([f"{len(lines)} of {self.total} trials failed:", *lines])

    def finished(self, name: str, record: dict) -> None:
        """Count a finished trial and show its accuracies."""
        summary = record["summary"]
        kinds = ("val", "val_accuracy"), ("test", "test_accuracy")
        seen = [(word, summary[key]) for word, key in kinds if summary.get(key) is not None]
        told = [f"{word} {share:6.1%}" for word, share in seen] or [summary["diverged"]]
        self._show("   ".join([name, *told, f"{summary['seconds']:5.1f} s"]))

    def failed(self, name: str, reason: str) -> None:
        """Count a failed trial and show why."""
        self.failures.append((name, reason))
        self._show(f"FAILED {name}: {reason}")

    def note(self, line: str) -> None:
        """Show a line above the bar that is not of a finished trial."""
        self._bars.console.print(line, markup=False)

    def _show(self, line: str) -> None:
        self.done += 1
        width = len(str(self.total))
        self._bars.console.print(f"[{self.done:>{width}}/{self.total}] {line}", markup=False)
        self._said = time.monotonic()
        self._move()

    def _changed(self, trial: Running) -> None:
        """Show how far the run is; in plain words now and then, where there is no terminal."""
        self._move()
        terminal = self._bars.console.is_terminal
        if not terminal and trial.last and time.monotonic() > self._said + EVERY:
            self._said = time.monotonic()
            line = ", ".join(filter(None, told(trial)))
            self.note(f"{self.done} of {self.total} trials; {printable(trial.name)}: {line}")

    def _move(self) -> None:
        """Trials that run count in parts, so there is a time left before the first one ends."""
        done = min(self.total, self.done + self._running.share)
        self._bars.update(self._bar, completed=done)

    def __enter__(self) -> Progress:
        self._open.enter_context(listening(self._running))
        self._open.enter_context(self._bars)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()
