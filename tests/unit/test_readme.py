"""What README shows of the library runs as it is written there; what is held by tests is."""

import re
from pathlib import Path

from tests.support.readme import snippet

ROOT = Path(__file__).parents[2]


def test_the_parts_work_alone_in_five_lines():
    code = snippet("LowRank")
    found: dict = {}
    exec(code, found)
    assert found["prompted_BCHW"].shape == found["images_BCHW"].shape
    assert len([line for line in code.splitlines() if line and "import" not in line]) <= 5
    found["prompted_BCHW"].sum().backward()
    assert found["low_rank"].left.grad is not None
    assert found["regions"].policy.weight.grad is not None


def test_each_guarantee_is_held_by_tests_that_there_are():
    rows = [line for line in (ROOT / "lorvp/THREATS.md").read_text().splitlines() if "| " in line]
    tests = [re.findall(r"`(tests/[\w/]+\.py)`", row.split("|")[3]) for row in rows]
    named = [name for row in tests for name in row]
    assert sum(map(bool, tests)) == len(rows) - 4, "two tables have two lines of a head each"
    assert [name for name in named if not (ROOT / name).is_file()] == []
