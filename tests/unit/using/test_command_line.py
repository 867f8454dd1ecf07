"""`lorvp` as it is typed: what it prints, for people and for programs, and what it answers to
mistakes."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from lorvp import cli
from lorvp.errors import InputError
from lorvp.trained import read

from .conftest import sign

KIND = ("vit", "lor_vp", "lp")


@pytest.fixture
def prompt(project) -> str:
    return str(project.train(*KIND)[0])


def run(*arguments: object):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


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
    for form in ("bundle", "timm", "onnx", "torch"):
        done = run("export", prompt, tmp_path / form, "--form", form)
        assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, str(tmp_path / form))
    again = run("predict", tmp_path / "bundle", project.data, "--json")
    assert (again.exit_code, json.loads(again.stdout)) == (1, [])
    table = run("compare", prompt, project.train("resnet", "none", "ilm")[0]).stdout
    assert "lor_vp · lp" in table
    assert "none · ilm" in table
    rows = json.loads(run("compare", project.data / "prompts", "--json").stdout)
    assert {row["network"] for row in rows} == {"vit", "resnet"}
    found = [row["test %"] for row in rows if row["network"] == "vit"]
    assert found == sorted(found, reverse=True)
    assert all(read(Path(row["folder"]))["name"] == row["prompt"] for row in rows)


def test_mistakes_are_one_line_and_status_two(prompt, tmp_path, monkeypatch, capsys):
    for arguments, said in [
        (["predict", str(tmp_path), "x.png"], f"{tmp_path} holds no trained prompt"),
        (["predict", str(tmp_path / "absent"), "x.png"], "absent holds no trained prompt"),
        (["compare", str(tmp_path / "absent")], "holds no trained prompt"),
        (["push", prompt, "me/mine"], "has no network beside the prompt; `lorvp export` makes"),
    ]:
        monkeypatch.setattr("sys.argv", ["lorvp", *arguments])
        with pytest.raises(SystemExit) as left:
            cli.main()
        assert left.value.code == 2
        error = capsys.readouterr().err
        assert said in error
        assert len(error.strip().splitlines()) == 1
