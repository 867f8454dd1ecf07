"""Datasets in the form of the Hugging Face hub, read from a folder and with no network."""

import io
import sys

import pytest

from lorvp.errors import InputError
from tests.support.datasets.encoded import HUGE_PNG
from tests.support.datasets.making import config, make, seen
from tests.support.datasets.pictures import Which, each, encoded

hub = pytest.importorskip("datasets", reason="uv sync --extra huggingface")
NAMES = ["big_cat", "dog"]


def parquet(rows: list[Which], **changed) -> bytes:
    """A table as `push_to_hub` leaves it; ``changed`` are other columns."""
    columns = {
        "image": [{"bytes": encoded(which, "PNG"), "path": f"{which.index}.png"} for which in rows],
        "label": [which.label for which in rows],
        "caption": ["words"] * len(rows),
    } | changed
    kinds = {
        "image": hub.Image(),
        "label": hub.ClassLabel(names=NAMES),
        "caption": hub.Value("string"),
    }
    kinds = {name: kinds.get(name, hub.ClassLabel(names=["x", "y"])) for name in columns}
    file = io.BytesIO()
    hub.Dataset.from_dict(columns, hub.Features(kinds)).to_parquet(file)
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    """Three splits with two columns of labels."""
    for part, number in (("train", 4), ("validation", 2), ("test", 3)):
        rows = list(each("val" if part == "validation" else part, 2, number))
        other = [1 - which.label for which in rows]
        (tmp_path / f"raw/{part}.parquet").parent.mkdir(exist_ok=True)
        (tmp_path / f"raw/{part}.parquet").write_bytes(parquet(rows, other=other))
    return tmp_path / "raw"


def test_its_own_validation_is_used_if_named(folder, tmp_path):
    data = make(tmp_path / "data", "huggingface", path=str(folder), validation="validation")
    found = seen(data)
    assert data.sizes == {"train": 8, "val": 4, "test": 6}
    for split, rows in found.items():
        assert {which.part for which in rows} == {split}
    assert data.class_names == ["big cat", "dog"]


def test_splits_and_columns_may_have_other_names(folder, tmp_path):
    data = make(tmp_path / "data", "huggingface", path=str(folder), label="other",
                test="validation")  # fmt: skip
    assert data.class_names == ["x", "y"]
    assert data.sizes == {"train": 6, "val": 2, "test": 4}


WRONG = {
    "no such split": ({"test": "tset"}, r"has no split 'tset'.*train.*validation"),
    "no such column": ({"image": "img"}, r"no column 'img' of Image.*image \(Image\)"),
    "no labels": ({"label": "caption"}, r"no column 'caption' of ClassLabel.*label \(ClassLabel\)"),
    "no such configuration": ({"name": "other"}, r"cannot load .*other"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_names_are_answered_with_the_right_ones(folder, name):
    settings, message = WRONG[name]
    with pytest.raises(InputError, match=message):
        config("huggingface", path=str(folder), **settings).source()


def test_what_is_not_there_cannot_be_loaded(tmp_path):
    with pytest.raises(InputError, match=f"cannot load {tmp_path}/nowhere"):
        config("huggingface", path=f"{tmp_path}/nowhere").source()


def test_what_save_to_disk_wrote_says_what_to_do(tmp_path):
    """The library itself reads such folders with another function."""
    table = hub.Dataset.from_dict(
        {"label": [0, 1]}, hub.Features({"label": hub.ClassLabel(names=NAMES)})
    )
    hub.DatasetDict(train=table, test=table).save_to_disk(tmp_path / "saved")
    with pytest.raises(InputError, match="save_to_disk"):
        config("huggingface", path=str(tmp_path / "saved")).source()


def test_images_that_cannot_be_read_are_named_or_left_out(folder, tmp_path):
    rows = list(each("train", 2, 4))
    images = [{"bytes": encoded(which, "PNG"), "path": f"{which.index}.png"} for which in rows]
    images[2]["bytes"] = HUGE_PNG
    images[5]["bytes"] = b"text"
    other = [0] * len(rows)
    (folder / "train.parquet").write_bytes(parquet(rows, image=images, other=other))
    settings = {"path": str(folder), "validation": "validation"}
    with pytest.raises(InputError, match=r"2 images cannot be read.*\n.*image 2 \(2.png\)"):
        make(tmp_path / "data", "huggingface", **settings)
    data = make(tmp_path / "data", "huggingface", **settings, broken="skip")
    assert seen(data)["train"] == [w for n, w in enumerate(rows) if n not in (2, 5)]
    assert len(data.left_out) == 2


def test_labels_that_were_never_published_are_refused(folder):
    """Test sets of the hub often have -1 for all of them."""
    rows = list(each("test", 2, 3))
    (folder / "test.parquet").write_bytes(parquet(rows, label=[-1] * 6, other=[0] * 6))
    with pytest.raises(InputError, match="-1"):
        config("huggingface", path=str(folder)).source()


@pytest.mark.parametrize("content", [b"text", parquet([Which("test", 0, 0)], another=[0]), b""])
def test_tables_that_do_not_fit(folder, content):
    """Damaged, or with other columns than the rest."""
    (folder / "test.parquet").write_bytes(content)
    with pytest.raises(InputError, match="cannot load"):
        config("huggingface", path=str(folder)).source()


def test_without_the_library_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)  # an import of it raises ImportError
    with pytest.raises(InputError, match="uv sync --extra huggingface"):
        config("huggingface", path="owner/name").source()


@pytest.mark.parametrize(
    ("names", "message"),
    [(["big_cat", "big cat"], "both called 'big cat'"), (["a", "\0"], "cannot be printed")],
)
def test_class_names_can_be_told_apart_and_read(tmp_path, names, message):
    for part in ("train", "test"):
        rows = list(each(part, 2, 3))
        images = [{"bytes": encoded(which, "PNG"), "path": None} for which in rows]
        table = {"image": images, "label": [which.label for which in rows]}
        features = hub.Features({"image": hub.Image(), "label": hub.ClassLabel(names=names)})
        hub.Dataset.from_dict(table, features).to_parquet(tmp_path / f"raw/{part}.parquet")
    with pytest.raises(InputError, match=message):
        config("huggingface", path=str(tmp_path / "raw")).source()
