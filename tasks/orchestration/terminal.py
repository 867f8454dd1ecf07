"""What the terminal shows while trials run: a line for each, and a bar with the time left."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars


class Progress:
    """Counts finished trials and keeps the failed ones with their reasons."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
        self.failures: list[tuple[str, str]] = []
        self._bars = Bars(
            TextColumn("trials"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("· left"),
            TimeRemainingColumn(),
            console=Console(highlight=False, soft_wrap=True),
        )
        self._bar = self._bars.add_task("", total=total)

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
        self._bars.advance(self._bar)

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()
