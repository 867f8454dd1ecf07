"""What README shows of the library runs as it is written there."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


def snippets(word: str) -> list[str]:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    return [block for block in blocks if word in block]


def test_the_parts_work_alone_in_five_lines():
    (code,) = snippets("LowRank")
    found: dict = {}
    exec(code, found)
    assert found["prompted_BCHW"].shape == found["images_BCHW"].shape
    assert len([line for line in code.splitlines() if line and "import" not in line]) <= 5
    found["prompted_BCHW"].sum().backward()
    assert found["low_rank"].left.grad is not None
    assert found["regions"].policy.weight.grad is not None


@pytest.mark.parametrize("word", ["lorvp.load", "Trial("])
def test_the_other_snippets_are_there(word):
    assert snippets(word)
