"""What several tests of files of weights need."""

import pytest


@pytest.fixture
def names(tmp_path) -> str:
    """A file of seven class names."""
    path = tmp_path / "names.txt"
    path.write_text("".join(f"kind {n}\n" for n in range(7)))
    return str(path)
