"""A folder that is ours and the user's."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lorvp.files.listed import CONTENTS, publish, written
from lorvp.files.whole import sha256

NAMES = st.sampled_from(["a.md", "b.md", "pictures/a.png", "pictures/x/a.png", "svg/a.svg"])
FILES = st.dictionaries(NAMES, st.sampled_from(["one", "two"]))


def made(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    folder.mkdir(exist_ok=True)
    return folder


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in files}


@given(every=st.lists(FILES, min_size=1, max_size=3))
def test_it_has_the_last_files_and_all_of_the_users(tmp_path_factory, every):
    root = tmp_path_factory.mktemp("root")
    notes = {"notes.md": "n", "pictures/notes.md": "p", "mine/notes.md": "m"}
    folder = made(root / "tables", notes)
    for number, files in enumerate(every):
        publish(made(root / str(number), files), folder)
    found = contents(folder)
    listed = json.loads(found.pop(CONTENTS))
    assert found == every[-1] | notes
    assert listed == {name: sha256(folder / name) for name in every[-1]}


def test_no_empty_folders_are_left(tmp_path):
    publish(made(tmp_path / "1", {"pictures/x/a.png": "a", "b": "b"}), tmp_path / "tables")
    publish(made(tmp_path / "2", {"b": "b"}), tmp_path / "tables")
    assert {path.name for path in (tmp_path / "tables").rglob("*")} == {"b", CONTENTS}


def test_a_file_that_somebody_changed_is_theirs(tmp_path):
    publish(made(tmp_path / "1", {"a.md": "a", "b.md": "b"}), tmp_path / "tables")
    (tmp_path / "tables/a.md").write_text("a, and a remark")
    publish(made(tmp_path / "2", {}), tmp_path / "tables")
    assert contents(tmp_path / "tables") == {CONTENTS: "{}\n", "a.md": "a, and a remark"}


def test_a_list_from_a_stranger_reaches_nothing_outside(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("kept")
    names = ("../precious", str(precious), "x/../../precious")
    folder = made(tmp_path / "tables", {})
    (folder / CONTENTS).write_text(json.dumps(dict.fromkeys(names, sha256(precious))))
    assert written(folder) == {}
    publish(made(tmp_path / "1", {}), folder)
    assert precious.read_text() == "kept"


def test_a_damaged_list_costs_nobody_a_file(tmp_path):
    folder = made(tmp_path / "tables", {"notes.md": "n", CONTENTS: "[1, 2"})
    publish(made(tmp_path / "1", {"a.md": "a"}), folder)
    assert contents(folder).keys() == {"notes.md", CONTENTS, "a.md"}
