"""`lorvp` as it is typed: what it prints, for people and for programs, and what it answers to
mistakes."""

import errno
import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lorvp.cli import commands
from lorvp.deployment.load import load, read
from lorvp.errors import InputError
from tests.support.bundles import sign

KIND = ("vit", "lor_vp", "lp")


@pytest.fixture
def prompt(project) -> str:
    return str(project.train(*KIND)[0])


def run(*arguments: object):
    return CliRunner().invoke(commands.app, [str(argument) for argument in arguments])


def test_predict_names_files_and_whole_folders(project, prompt, pictures, tmp_path):
    _, _, result = project.train(*KIND)
    names = [f"class {k}" for k in result.test.predicted_N.tolist()]
    done = run("predict", prompt, pictures[0], tmp_path)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert len(lines) == 1 + len(pictures)
    assert lines[0] == lines[1]
    for line, path, name, confidence in zip(
        lines[1:], sorted(pictures), names, result.test.confidence_N.tolist(), strict=True
    ):
        assert line == f"{path}  {name}  {confidence:.1%}"
    rows = json.loads(run("predict", prompt, tmp_path, "--json").stdout)
    assert [row["name"] for row in rows] == names
    assert [row["image"] for row in rows] == [str(path) for path in sorted(pictures)]


def test_files_that_cannot_be_read_cost_no_other_answer(project, prompt, pictures, tmp_path):
    (tmp_path / "image 1a.png").write_bytes(b"text")
    (tmp_path / "notes.txt").write_bytes(b"text")
    (tmp_path / ".DS_Store").write_bytes(b"text")
    for more in ([], ["--json"]):
        whole = run("predict", prompt, *pictures, *more)
        done = run("predict", prompt, tmp_path, "absent.png", *more)
        assert (whole.exit_code, done.exit_code) == (0, 1)
        assert sorted(done.stdout.split()) == sorted(whole.stdout.split())
        unused, broken, absent = done.stderr.splitlines()
        assert unused == f"{tmp_path}: 1 file not used: 1 .txt (first: notes.txt)"
        unknown = "is no image that can be read: its format is unknown"
        assert broken == f"{tmp_path / 'image 1a.png'} {unknown}"
        assert absent == "absent.png is no image that can be read: No such file or directory"


def test_a_folder_without_images_is_said_to_be_one(prompt, pictures, tmp_path):
    empty = tmp_path / "empty"
    (empty / "deep").mkdir(parents=True)
    (empty / "deep/a.HEIC").write_bytes(b"")
    for others in ([], pictures):
        done = run("predict", prompt, empty, *others)
        assert (done.exit_code, len(done.stdout.splitlines())) == (1, len(others))
        assert done.stderr.startswith(f"{empty} has no image (.apng, .avif, ")
        assert "; 1 file not used: 1 .HEIC (first: deep/a.HEIC); .HEIC cannot be" in done.stderr


def test_a_folder_that_may_not_be_looked_into_costs_no_other_answer(
    prompt, pictures, tmp_path, monkeypatch
):
    def denied(path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("lorvp.datasets.folders.tree.look", denied)
    done = run("predict", prompt, tmp_path, pictures[0])
    assert (done.exit_code, len(done.stdout.splitlines())) == (1, 1)
    assert done.stderr == f"{tmp_path} cannot be looked into: Permission denied\n"


Turn = Image.Transpose
HELD = {2: Turn.FLIP_LEFT_RIGHT, 3: Turn.ROTATE_180, 4: Turn.FLIP_TOP_BOTTOM, 5: Turn.TRANSPOSE,
        6: Turn.ROTATE_90, 7: Turn.TRANSVERSE, 8: Turn.ROTATE_270}  # fmt: skip
"""What holding the camera so does to a picture; the mark asks to undo it."""


@pytest.mark.parametrize("mark", range(1, 9))
def test_a_photograph_is_the_same_however_it_was_held(project, prompt, tmp_path, mark):
    """Read from a file, or opened with Pillow."""
    image = Image.fromarray(project.digits.split("test").images_NHWC[0].numpy())
    held = image.transpose(HELD[mark]) if mark > 1 else image
    exif = Image.Exif()
    exif[0x0112] = mark
    held.save(tmp_path / "held.png", exif=exif)
    image.save(tmp_path / "plain.png")
    rows = json.loads(run("predict", prompt, tmp_path, "--json").stdout)
    assert rows[0]["confidence"] == pytest.approx(rows[1]["confidence"], abs=1e-6)
    classifier = load(prompt)
    with Image.open(tmp_path / "held.png") as opened:
        assert classifier.predict([opened])[0].name == rows[0]["name"]
        np.testing.assert_array_equal(classifier.read(opened), classifier.read(np.array(image)))


def test_of_a_folder_of_prompts_the_best_on_validation_predicts(project, pictures, tmp_path):
    kinds = [KIND, ("resnet", "none", "ilm"), ("resnet", "adavipro", "ilm")]
    folders = [project.train(*kind)[0] for kind in kinds]
    for folder in folders:
        shutil.copytree(folder, tmp_path / "prompts" / folder.name)
    records = [read(folder) for folder in folders]
    best = max(
        records,
        key=lambda r: (r["summary"]["val_accuracy"], -r["summary"]["trained_values"]),
    )["fingerprint"]
    others = ["--checkpoints", project.data / "checkpoints", "--json"]
    done = run("predict", tmp_path / "prompts", *pictures, *others)
    assert done.exit_code == 0, done.output
    assert done.stderr == f"with {tmp_path / 'prompts' / best}\n"
    alone = run("predict", tmp_path / "prompts" / best, *pictures, *others)
    assert (alone.stdout, alone.stderr) == (done.stdout, "")


def test_prompts_of_two_datasets_are_told_apart(project, tmp_path):
    """Their accuracies say nothing of each other."""
    for name in ("digits", "flowers"):
        folder = shutil.copytree(project.train(*KIND)[0], tmp_path / name)
        record = json.loads((folder / "trial.json").read_text())
        record["task"]["dataset"] = name
        sign(folder, record)
    done = run("show", tmp_path)
    assert isinstance(done.exception, InputError)
    assert "holds prompts for digits, flowers: name the folder of one" in str(done.exception)


def test_show_tells_and_draws(project, prompt, tmp_path):
    done = run("show", prompt, "--picture", tmp_path / "prompt.png")
    assert done.exit_code == 0, done.output
    record = read(project.train(*KIND)[0])
    assert f"{100 * record['summary']['test_accuracy']:.2f}".rstrip("0") in done.stdout
    assert "3: class 0, class 1, class 2" in done.stdout
    with Image.open(tmp_path / "prompt.png") as picture:
        assert picture.width > 200
    assert json.loads(run("show", prompt, "--json").stdout) == record


def test_export_and_compare(project, prompt, tmp_path):
    needs_more = ["onnx"] if find_spec("onnxscript") else []  # uv sync --extra onnx
    for form in ("bundle", "timm", "torch", *needs_more):
        done = run("export", prompt, tmp_path / form, "--form", form)
        assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, str(tmp_path / form))
    again = run("predict", tmp_path / "bundle", project.data, "--json")
    assert (again.exit_code, json.loads(again.stdout)) == (1, [])
    table = run("compare", prompt, project.train("resnet", "none", "ilm")[0]).stdout
    assert "lor_vp · lp" in table
    assert "none · ilm" in table
    rows = json.loads(run("compare", project.data / "prompts", "--json").stdout)
    assert {row["network"] for row in rows} == {"vit", "resnet"}
    found = [row["val %"] for row in rows if row["network"] == "vit"]
    assert found == sorted(found, reverse=True)
    assert all(read(Path(row["folder"]))["name"].startswith(row["prompt"]) for row in rows)
    with_it = run("predict", project.data / "prompts", tmp_path / "none.png").stderr
    [row] = [row for row in rows if row["predict takes"]]
    assert with_it.startswith(f"with {row['folder']}")


def test_mistakes_are_one_line_and_status_two(prompt, tmp_path, monkeypatch, capsys):
    for arguments, said in [
        (["predict", str(tmp_path), "x.png"], f"{tmp_path} holds no trained prompt"),
        (["predict", str(tmp_path / "absent"), "x.png"], "absent holds no trained prompt"),
        (["compare", str(tmp_path / "absent")], "holds no trained prompt"),
        (["push", prompt, "me/mine"], "has no network beside the prompt; `lorvp export` makes"),
    ]:
        monkeypatch.setattr("sys.argv", ["lorvp", *arguments])
        with pytest.raises(SystemExit) as left:
            commands.main()
        assert left.value.code == 2
        error = capsys.readouterr().err
        assert said in error
        assert len(error.strip().splitlines()) == 1
