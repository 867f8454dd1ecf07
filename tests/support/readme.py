"""What README tells people to type."""

import re
from pathlib import Path

TEXT = (Path(__file__).parent.parents[1] / "README.md").read_text()


def commands(heading: str) -> list[str]:
    """The shell lines between a heading and the next."""
    found = re.search(rf"^{re.escape(heading)}\n(.*?)(?=^#|\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found, heading
    blocks = re.findall(r"```sh\n(.*?)```", found[1], re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def snippet(word: str) -> str:
    """The one block of Python with this word in it."""
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (found,) = [block for block in blocks if word in block]
    return found
