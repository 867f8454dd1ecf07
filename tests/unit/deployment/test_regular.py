"""What is no regular file, wherever a file is expected: one line says so, and nothing waits."""

import os
import shutil
import signal
import socket
from contextlib import closing

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import lorvp
from lorvp.cli import commands
from lorvp.datasets import prepared, splits
from lorvp.datasets.pixels.files import BrokenImageError, ImageFiles, read_image
from lorvp.datasets.pixels.view import View
from lorvp.errors import InputError
from lorvp.experiment.yaml_file import YamlError
from lorvp.experiment.yaml_file import read as read_yaml
from lorvp.files.regular import read_regular, regular
from lorvp.files.whole import sha256
from lorvp.networks.sources import class_names
from lorvp.networks.weights_file import require_file
from tests.support.datasets.layout import lay
from tests.support.datasets.layouts import layout
from tests.support.datasets.making import config, make
from tests.support.tiny import dataset

LIMIT = 10
"""Seconds in which each has to be refused; it takes milliseconds, or for ever."""
KINDS = {"pipe": "it is a pipe", "zero": "it is a device", "link": "it is a pipe",
         "socket": "it is a socket", "folder": "it is a folder"}  # fmt: skip
kinds = pytest.mark.parametrize("kind", KINDS)


class Cfg:
    """What timm says of a network's classes: nothing."""

    label_names = label_descriptions = None


def put(kind: str, path) -> None:
    """In the place of whatever is there."""
    path.unlink(missing_ok=True)
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "zero":
            path.symlink_to("/dev/zero")
        case "link":
            os.mkfifo(path.with_name(f"{path.name}-pipe"))
            path.symlink_to(f"{path.name}-pipe")
        case "socket":
            here = os.getcwd()
            os.chdir(path.parent)  # an address has at most 108 bytes
            with closing(socket.socket(socket.AF_UNIX)) as bound:
                bound.bind(path.name)
            os.chdir(here)
        case _:
            path.mkdir()


@pytest.fixture(autouse=True)
def impatient():
    """Whoever waits has failed; the others go on."""

    def end(*_):
        pytest.fail("it waited")  # no Exception, so that nothing takes it for a file's fault

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(LIMIT)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@kinds
def test_none_is_read(kind, tmp_path):
    put(kind, tmp_path / "a.png")
    for read in (lambda path: read_regular(path, 100), regular, sha256):
        with pytest.raises(OSError, match=KINDS[kind]) as error:
            read(tmp_path / "a.png")
        assert error.value.strerror == f"{KINDS[kind]}, no regular file"


def test_a_pipe_that_takes_a_files_place_while_we_look(tmp_path, monkeypatch):
    put("pipe", tmp_path / "a.png")
    monkeypatch.setattr("lorvp.files.regular.regular", lambda path: path)
    with pytest.raises(OSError, match="it is a pipe"):
        read_regular(tmp_path / "a.png", 100)


def test_files_and_links_to_them_are_read_up_to_a_size(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "b").symlink_to("a")
    for name in "ab":
        assert read_regular(tmp_path / name, 5) == b"12345"
        with pytest.raises(OSError, match="larger than 4 bytes"):
            read_regular(tmp_path / name, 4)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(OSError, match=r"larger than 1,000 bytes"):
        read_regular(tmp_path / "sparse", 1000)


@kinds
def test_images(kind, tmp_path):
    path = tmp_path / "a.png"
    put(kind, path)
    for read in (read_image, lambda path: ImageFiles([path], View(size=16))[0]):
        with pytest.raises(
            BrokenImageError, match=rf"^{path} is no image .*: {KINDS[kind]}, no reg"
        ):
            read(path)


def test_a_file_larger_than_any_image(tmp_path):
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(BrokenImageError, match="it is larger than 1,073,741,824 bytes"):
        read_image(tmp_path / "a.png")


@kinds
def test_images_in_lists_of_published_datasets_are_named_and_can_be_left_out(kind, tmp_path):
    root = lay(layout("dtd"), tmp_path / "raw")
    image = root / "dtd/dtd/images/banded/banded_test0001.jpg"
    put(kind, image)
    with pytest.raises(InputError, match=f"1 images cannot be read(.|\n)*{KINDS[kind]}"):
        make(tmp_path / "data", "dtd", root=str(root))
    data = make(tmp_path / "data", "dtd", root=str(root), broken="skip")
    assert len(data.left_out) == 1


@kinds
def test_in_class_folders_they_are_not_used(kind, tmp_path):
    root = lay(layout("folder"), tmp_path / "raw")
    put(kind, root / "train/zebra/x.png")
    data = make(tmp_path / "data", "folder", root=str(root))
    known = data.not_used.get("that is no regular file", {"files": 0})["files"]
    assert known == (0 if kind == "folder" else 2 if kind == "link" else 1)


LISTS = {
    "ucf101": "ucfTrainTestlist/classInd.txt",
    "tiny_imagenet": "tiny-imagenet-200/wnids.txt",
    "gtsrb": "GT-final_test.csv",
}


@pytest.mark.parametrize("dataset", LISTS)
def test_lists_of_images(dataset, tmp_path):
    root = lay(layout(dataset), tmp_path / "raw")
    (found,) = root.rglob(LISTS[dataset])
    put("pipe", found)
    with pytest.raises(InputError, match=f"does not hold .*{KINDS['pipe']}"):
        config(dataset, root=str(found.parents[LISTS[dataset].count("/")])).source()


@kinds
def test_splits_and_names_and_weights_and_params(kind, tmp_path):
    path = tmp_path / "x.json"
    put(kind, path)
    with pytest.raises(InputError, match=KINDS[kind]):
        splits.from_file(path, [])
    with pytest.raises(InputError, match=KINDS[kind]):
        class_names.names_of("net", 3, Cfg(), str(path))
    with pytest.raises(InputError, match=KINDS[kind]):
        require_file(path)
    with pytest.raises(YamlError, match="is no file"):
        read_yaml(path)


@kinds
@pytest.mark.parametrize("name", ["manifest.json", "images.npy", "labels.npy"])
def test_prepared_datasets(kind, name, tmp_path):
    dataset(tmp_path / "data")
    put(kind, tmp_path / "data" / name)
    with pytest.raises(InputError, match=name):
        prepared.read(tmp_path / "data")


@pytest.fixture(scope="module")
def given(sent):
    return sent("resnet")


PARTS = ["trial.json", "weights.safetensors", "history.json", "predictions.parquet",
         "network/manifest.json", "network/weights.safetensors"]  # fmt: skip


@pytest.mark.parametrize("kind", ["pipe", "zero", "link", "socket"])
@pytest.mark.parametrize("name", PARTS)
def test_files_of_a_bundle(kind, name, given, tmp_path):
    bundle = shutil.copytree(given, tmp_path / "bundle")
    put(kind, bundle / name)
    with pytest.raises(InputError) as error:
        lorvp.load(bundle)
    assert str(error.value).count("\n") == 0
    assert str(bundle) in str(error.value)


def test_predict_answers_the_others(given, tmp_path):
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(tmp_path / "a.png")
    for kind in ("pipe", "zero", "link", "socket"):
        put(kind, tmp_path / f"{kind}.png")
    files = [tmp_path / f"{name}.png" for name in ("pipe", "zero", "link", "socket", "a")]
    done = CliRunner().invoke(commands.app, ["predict", str(given), *map(str, files)])
    assert done.exit_code == 1
    assert len(done.stdout.splitlines()) == 1
    assert done.stdout.startswith(f"{files[-1]}  ")
    for line, kind in zip(
        done.stderr.splitlines(), ("pipe", "zero", "link", "socket"), strict=True
    ):
        assert line.startswith(f"{tmp_path / kind}.png is no image that can be read: {KINDS[kind]}")
