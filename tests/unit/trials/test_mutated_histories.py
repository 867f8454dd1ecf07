"""history.json with each of its fields changed: the right rows, or one line that names the file."""

import copy
import hashlib
import json
from math import isfinite
from pathlib import Path
from random import Random

import pytest

from lorvp.errors import InputError
from lorvp.experiment.trial import Point
from lorvp.trials.contents import RECORD, sealed
from lorvp.trials.run import run
from lorvp.trials.store import TrialStore
from lorvp.trials.stored_history import read_history
from lorvp.trials.verified import is_whole
from tasks.jobs import Job
from tasks.stages import pictures
from tests.support.mutations import VALUES, edited, mangled
from tests.support.tiny import dataset, identified, tiny_network, trial

NAME, IDENTITY = identified()
POINT = Point(trial(), "lor_vp", "lp", "")
SHARES = {"train_accuracy", "val_accuracy"}
FIELDS = ["epoch", "lr", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds",
          "wall_seconds"]  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    data = dataset(tmp_path_factory.mktemp("data") / "noise")
    result = run(trial(), tiny_network(), data)
    return sealed(NAME, result, {"name": "a trial", "identity": IDENTITY})


@pytest.fixture
def store(tmp_path, files, monkeypatch):
    store = TrialStore(tmp_path / "store")
    store.put(NAME, files)
    monkeypatch.setattr(pictures, "PROMPTS", store.root)
    return store


def put(store: TrialStore, content: bytes) -> None:
    (store.folder(NAME) / "history.json").write_bytes(content)


def read(store: TrialStore, what: object) -> list[dict] | None:
    """The rows, of which a curve can be drawn; None after one line that names the file."""
    job = Job(POINT, {}, NAME, store.root, Path(), Path())
    said = ""
    try:
        rows = read_history(store.folder(NAME))
    except InputError as error:
        rows, said = None, str(error)
    if rows is None:
        assert "history.json" in said, what
        assert len(said.splitlines()) == 1, what
        with pytest.raises(InputError):
            pictures.histories([job])
        return None
    frame = pictures.histories([job])
    assert frame["val_accuracy"].to_list() == [row["val_accuracy"] for row in rows], what
    for row in rows:
        assert all(type(value) in (int, float) and isfinite(value) for value in row.values())
        assert all(0 <= row[key] <= 1 for key in SHARES), what
        assert row["seconds"] >= 0, what
    return rows


def rows_of(files: dict) -> list[dict]:
    return json.loads(files["history.json"])


def test_the_fields_are_all_there_are(files, store):
    assert len(rows_of(files)) > 1
    assert set(rows_of(files)[0]) == set(FIELDS)
    assert read(store, "as it was") == rows_of(files)


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_of_each_row(files, store, field):
    told = 0
    for number in range(len(rows_of(files))):
        for value in [*VALUES, "absent"]:
            rows = copy.deepcopy(rows_of(files))
            rows[number][field] = value
            if value == "absent":
                del rows[number][field]
            put(store, json.dumps(rows).encode())
            told += read(store, (number, value)) in (None, rows_of(files))
    assert told > len(VALUES), "most of them are no such number"


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_stands_beside_the_fields_is_a_number(files, store, value):
    rows = rows_of(files)
    rows[-1]["regions_shown"] = value
    put(store, json.dumps(rows).encode())
    found = read(store, value)
    number = type(value) in (int, float) and isfinite(value) and abs(value) <= 1e300
    rows[-1]["regions_shown"] = float(value) if number else None
    assert (found == rows) if number else found is None


SHAPES = {
    "one row fewer": lambda rows: rows[:-1], "no first row": lambda rows: rows[1:],
    "one row more": lambda rows: [*rows, rows[-1] | {"epoch": len(rows)}],
    "a row twice": lambda rows: [rows[0], *rows], "none": lambda rows: [],
    "turned round": lambda rows: rows[::-1], "a mapping": lambda rows: rows[0],
    "columns": lambda rows: {key: [row[key] for row in rows] for key in rows[0]},
    "null": lambda rows: None, "deep": lambda rows: [[rows]], "text": lambda rows: "rows",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_another_length_or_shape_is_told(files, store, shape):
    put(store, json.dumps(SHAPES[shape](rows_of(files))).encode())
    assert read(store, shape) is None


@pytest.mark.parametrize("seed", range(5))
def test_three_hundred_edits_and_mangled_bytes(files, store, seed):
    for number in range(seed, 300, 5):
        random = Random(number)
        content = json.dumps(edited(rows_of(files), random)).encode()
        put(store, content if number % 3 else mangled(files["history.json"], random))
        read(store, number)


@pytest.mark.parametrize("field", FIELDS)
def test_under_the_old_seal_the_trial_is_no_longer_held(files, store, field):
    """Whatever is in the file, so that it is trained again."""
    rows = rows_of(files)
    rows[0][field] = 0.123
    put(store, json.dumps(rows).encode())
    assert not is_whole(store.folder(NAME))
    assert not store.holds(NAME)
    assert not store.folder(NAME).exists()


SUMMARIES = {
    "no epochs": lambda summary: summary.pop("epochs"),
    "no best epoch": lambda summary: summary.pop("best_epoch"),
    "no accuracy": lambda summary: summary.pop("val_accuracy"),
    "best epoch of no row": lambda summary: summary.update(best_epoch=summary["epochs"]),
    "best epoch from the end": lambda summary: summary.update(best_epoch=-1),
    "epochs in words": lambda summary: summary.update(epochs="two"),
    "nothing": lambda summary: summary.clear(),
}


@pytest.mark.parametrize("change", SUMMARIES)
def test_a_summary_that_says_nothing_of_the_history_is_told(files, store, change):
    """Somebody may have computed the record's own checksum again."""
    record = json.loads(files[RECORD])
    SUMMARIES[change](record["summary"])
    write_sealed(store.folder(NAME) / RECORD, record)
    assert is_whole(store.folder(NAME))
    with pytest.raises(InputError) as error:
        read_history(store.folder(NAME))
    assert len(str(error.value).splitlines()) == 1
    assert "is damaged" in str(error.value)


def test_a_record_without_a_summary_is_told(files, store):
    record = json.loads(files[RECORD])
    del record["summary"]
    write_sealed(store.folder(NAME) / RECORD, record)
    with pytest.raises(InputError, match=r"trial\.json is damaged: summary: is missing$"):
        read_history(store.folder(NAME))


def write_sealed(path: Path, record: dict) -> None:
    """The record under a checksum that is right."""
    rest = {key: value for key, value in record.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    path.write_text(json.dumps(rest | {"sha256": hashlib.sha256(text.encode()).hexdigest()}))
