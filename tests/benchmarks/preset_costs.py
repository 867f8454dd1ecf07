"""`python -m tests.benchmarks.preset_costs`: write the line `# Cost:` of every preset anew.

Counted, not timed; it takes some minutes, as the networks of all papers are put together.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from lorvp import params
from lorvp.errors import InputError
from tasks.costs import Estimate, total

PRESETS = Path("data/presets")
LINE = re.compile(r"^# Cost: .*\n(?:#       .*\n)*", re.MULTILINE)


def cost_lines(path: Path) -> str:
    """As it should stand in the file, for all of its trials."""
    estimate = Estimate(params.read(path))
    text = f"Cost: {total(estimate, estimate.table())}."
    lines = textwrap.wrap(text, 96, initial_indent="# ", subsequent_indent="#       ")
    return "\n".join(lines) + "\n"


def main() -> None:
    for path in sorted(PRESETS.glob("*.yaml")):
        try:
            lines = cost_lines(path)
        except InputError as error:
            print(f"{path.name}: left as it is: {error}")
            continue
        path.write_text(LINE.sub(lambda _, new=lines: new, path.read_text()))
        print(f"{path.name}: {lines}")


if __name__ == "__main__":
    main()
