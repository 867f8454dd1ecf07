"""`python -m tests.benchmarks.preset_costs`: write the cost of every preset into its head.

Costs are counted, not timed.
"""

from __future__ import annotations

import re
from pathlib import Path

from lorvp.errors import InputError
from lorvp.performance.told import computing, disk
from tasks import settings
from tasks.errors import naming
from tasks.stages.costs import estimate_of, with_searches

PRESETS = Path("data/presets")
LINES = re.compile(r"^# Cost: .*\n(?:# Disk: .*\n)?", re.MULTILINE)


def cost_lines(path: Path) -> str:
    """As they should stand in the file, for all of its trials, with what halving leaves of its
    searches."""
    experiment = settings.read(path)
    estimate = estimate_of(experiment, finished=[])
    with naming("grid"):
        table = with_searches(estimate, experiment, expected=True)
    return f"# Cost: {computing(table)}.\n# Disk: {disk(estimate, table)}.\n"


def main() -> None:
    for path in sorted(PRESETS.glob("*.yaml")):
        try:
            lines = cost_lines(path)
        except InputError as error:
            print(f"{path.name}: left as it is: {error}")
            continue
        path.write_text(LINES.sub(lambda _, new=lines: new, path.read_text()))
        print(f"{path.name}: {lines}")


if __name__ == "__main__":
    main()
