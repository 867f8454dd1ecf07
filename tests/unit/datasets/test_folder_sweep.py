"""Two hundred folders that went wrong in several ways at once: the right answer or one message."""

from __future__ import annotations

import os

import pytest

from lorvp.errors import InputError
from tests.support.datasets.making import make, seen
from tests.support.datasets.tree_mutations import drawn
from tests.support.datasets.trees import ANIMALS, lay


def on_disk(root: str) -> int:
    """Files and links to folders that are not a system's."""
    found = 0
    for folder, below, files in os.walk(root):
        links = [name for name in below if os.path.islink(os.path.join(folder, name))]
        ours = {"__MACOSX", ".ipynb_checkpoints", "@eaDir", ".git"}
        below[:] = [name for name in below if name not in ours and name not in links]
        found += len(files) + len(links)
    return found


@pytest.mark.parametrize("seed", range(200))
def test_the_right_answer_or_one_message(seed, tmp_path):
    case, root = drawn(seed), str(tmp_path / "raw/mine")
    tree = {
        name: content.format(root=root) if isinstance(content, str) else content
        for name, content in case.tree.items()
    }
    lay(tmp_path / "raw/mine", tree)
    if case.refused:
        with pytest.raises(InputError) as error:
            make(tmp_path / "data", "folder", root=root, size=8)
        assert len(str(error.value).encode().splitlines()) <= 1 + ("images cannot" in str(error))
        return
    data = make(tmp_path / "data", "folder", root=root, size=8)
    found = seen(data)
    assert data.class_names == list(ANIMALS)
    assert sorted(which for rows in found.values() for which in rows) == sorted(case.used)
    for split, rows in found.items():
        # Pictures of a given split stay in it; of train, and of all, the others are drawn.
        given = {split} if split in case.places else {"train", "all"}
        assert {which.part for which in rows} <= given | {"all"}
    number = sum(facts["files"] for facts in data.not_used.values())
    assert number == case.not_used
    assert sum(data.sizes.values()) + number == on_disk(root)


def test_all_kinds_of_mutations_were_drawn():
    made = [drawn(seed) for seed in range(200)]
    assert 50 < sum(case.refused for case in made) < 100
    assert {len(case.places) for case in made} == {1, 2, 3}
