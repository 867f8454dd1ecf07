"""A method, a mapping and a tracker of other people's packages, from the install to the end."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.pipeline.project import Project, clone
from tests.support.installed import TEMPLATE, install_template, write_package

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

PARAMS = """\
datasets:
  letters: {kind: letters, train: 30, val: 2, test: 2}
  digits: {kind: digits, test: 1000, val: 300}
checkpoints:
  small: {kind: trained, dataset: letters, architecture: test_resnet, epochs: 1, min_accuracy: 0}
grid:
  all:
    dataset: digits
    network: small
    method: {stripes: {}, lor_vp: {rank: 1}}
    mapping: [lp, scaled]
    training: {epochs: 1, optimizer: adam, lr: 0.03}
compute: {workers: 2, device: cpu}
tracking: {diary: online}
"""
DIARY = """
from pathlib import Path

NAME = "Diary"


class Writer:
    def __init__(self, job):
        self.path = Path(f"diary-{job.fingerprint}")

    def epoch(self, epoch):
        pass

    def summary(self, summary):
        self.path.write_text(str(summary["test_accuracy"]))

    def finish(self, failed):
        pass


def require(tracking):
    pass


def start(job, tracking, log, earlier):
    return Writer(job)


def publish(tracking, folder, results, every):
    Path("diary-tables").write_text(str(len(results)))
"""
LOAD = """
import sys
import numpy as np
import lorvp

classifier = lorvp.load(sys.argv[1])
print(classifier.predict([np.zeros((8, 8, 3), np.uint8)])[0].name in classifier.class_names)
"""
SHOW = "from lorvp.cli.main import main; main()"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    install_template(folder)
    groups = {"lorvp.trackers": {"diary": "lorvp_diary"}}
    write_package(folder, "lorvp-diary", groups, {"lorvp_diary.py": DIARY})
    return folder


@pytest.fixture
def own(tmp_path: Path, bytecode: Path | None) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    project = clone(root, bytecode)
    (project.repo / "params.yaml").write_text(PARAMS)
    return project


def test_they_are_trained_shown_loaded_trained_again_when_edited_and_missed(own, site):
    installed = {"PYTHONPATH": str(site)}
    done = own.dvc("repro", **installed)
    assert done.code == 0, done.out
    before = own.trials()
    kinds = {name: kinds_of(record) for name, record in before.items()}
    assert sorted(kinds.values()) == [
        ("lor_vp", "lp"), ("lor_vp", "scaled"), ("stripes", "lp"), ("stripes", "scaled"),
    ]  # fmt: skip
    made_with = {kind: before[name].get("packages") for name, kind in kinds.items()}
    package = {"lorvp-stripes": "0.1.0"}
    assert made_with.pop(("lor_vp", "lp")) is None
    assert list(made_with.values()) == [package] * 3
    comparison = (own.tables / "comparison.md").read_text()
    for name, record in before.items():
        accuracy = record["summary"]["test_accuracy"]
        assert f"{100 * accuracy:.1f}" in comparison
        assert (own.repo / f"diary-{name}").read_text() == str(accuracy)
    assert re.search(r"^\| stripes +\|", comparison, re.MULTILINE)
    assert (own.repo / "diary-tables").read_text() == "4"
    (stripes,) = (name for name, kind in kinds.items() if kind == ("stripes", "lp"))
    assert own.python("-c", LOAD, f"data/prompts/{stripes}", **installed).out.endswith("True\n")

    code = site / "lorvp_stripes/__init__.py"
    code.write_text(code.read_text().replace("torch.zeros(3", "0.1 * torch.ones(3"))
    again = own.dvc("repro", "--force", "--single-item", "prompts", **installed)
    assert again.code == 0, again.out
    assert again.to_train == 3
    assert {kinds_of(own.trials()[name]) for name in own.trials().keys() & before.keys()} == {
        ("lor_vp", "lp")
    }

    missing = own.dvc("repro", "--force", "--single-item", "prompts")
    assert missing.code != 0
    assert "grid.all.method.stripes: unknown kind 'stripes'" in missing.out
    assert "there is no key 'diary'" in missing.out
    assert "Traceback" not in missing.out
    one = next(iter(own.trials().keys() - before.keys()))
    shown = own.python("-c", SHOW, "show", f"data/prompts/{one}")
    assert shown.code == 0, shown.out
    assert re.search(r"^kinds from +lorvp-stripes 0\.1\.0$", shown.out, re.MULTILINE)


def kinds_of(record: dict) -> tuple[str, str]:
    settings = record["identity"]["settings"]
    return settings["method"]["kind"], settings["mapping"]["kind"]


def test_a_broken_package_is_named_whatever_params_ask_for(own, site):
    own.edit(lambda params: params["grid"]["all"].update(method="lor_vp", mapping="lp"))
    own.edit(lambda params: params.pop("tracking"))
    (site / "lorvp_stripes/__init__.py").write_text("1 / 0")
    done = own.dvc("repro", PYTHONPATH=str(site))
    assert done.code != 0
    assert (
        "the package lorvp-stripes 0.1.0 has the entry point `stripes = lorvp_stripes:" in done.out
    )
    assert "`pip uninstall lorvp-stripes`" in done.out
    assert "Traceback" not in done.out


def contract(own: Project, site: Path, package: str = "lorvp_stripes") -> tuple[int, str]:
    """Run in a clone as the page says, with the tests of two files."""
    files = ["tests/contract/test_prompts.py", "tests/contract/test_settings.py"]
    command = ["-m", "pytest", "-n", "0", "-q", "--lorvp-contract", package, *files]
    done = own.python(*command, PYTHONPATH=str(site))
    return done.code, done.out


def test_the_contract_holds_the_kinds_of_a_package_and_no_others(own, tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    install_template(good)
    code, out = contract(own, good)
    assert code == 0, out
    assert " failed" not in out
    changed = tmp_path / "changed"
    shutil.copytree(TEMPLATE, changed)
    source = changed / "src/lorvp_stripes/__init__.py"
    good_code, shown = source.read_text(), "self.values.expand("
    assert shown in good_code
    source.write_text(good_code.replace(shown, f"torch.rand(3, 1, 1) + {shown}"))
    install_template(bad, changed)
    code, out = contract(own, bad)
    assert code == 1
    assert "test_evaluation_gives_the_same_twice" in out
    assert "lor_vp" not in out
    code, out = contract(own, bad, "numpy")
    assert code == 4
    assert "numpy brings no method" in out
