"""What the Markdown pages show is there, is accepted by params.yaml, and runs as it is written."""

from __future__ import annotations

import re
import sys
from copy import deepcopy
from types import ModuleType
from typing import Any, get_args

import pytest
import torch
from ruamel.yaml import YAML

from lorvp.datasets.adapters import DatasetConfig
from lorvp.datasets.adapters.flowers102 import Flowers102Config
from lorvp.datasets.adapters.folder import FolderConfig
from lorvp.experiment.params import check
from lorvp.networks.interface import Canvas
from lorvp.networks.sources import CheckpointConfig
from lorvp.plugins.found import KINDS
from tasks.settings import (
    OTHER_RUNNERS,
    OTHER_TRACKERS,
    ComputeConfig,
    RunParams,
    TrackingConfig,
)
from tests.support.installed import TEMPLATE
from tests.support.pages import BLOCKS, PAGES, ROOT, headings, links, snippet, spans

MANUALS = [page for page in PAGES if page != "CHANGELOG.md"]
STRIPES = "src/lorvp_stripes/__init__.py"


def test_readme_is_read_in_one_go_and_leads_to_every_other_page():
    assert len(PAGES["README.md"].splitlines()) <= 200
    reached, waiting = set(), ["README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            found = [(ROOT / page).parent / link.partition("#")[0] for link in links(page)]
            inside = [path.resolve() for path in found if path.resolve().is_relative_to(ROOT)]
            waiting += [name for name in map(name_of, inside) if name in PAGES]
    assert set(PAGES) - reached == {"CHANGELOG.md"}


def name_of(path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files_and_headings(page):
    for link in links(page):
        if not re.match(r"https://", link):
            name, _, heading = link.partition("#")
            target = ((ROOT / page).parent / name).resolve() if name else ROOT / page
            assert target.exists(), link
            assert not heading or heading in map(anchor, headings(name_of(target))), link


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", MANUALS)
def test_files_of_the_project_that_are_named_are_there(page):
    """Those below data/ may be there only after a run."""
    named = [span for span in spans(page) if re.match(r"(lorvp|tasks|flows|tests)/[\w./]+$", span)]
    for name in named:
        assert (ROOT / name).exists(), name


def test_every_kind_of_checkpoint_is_on_the_page_of_networks():
    for kind in get_args(get_args(CheckpointConfig)[0]):
        assert f"kind: {kind.model_fields['kind'].default}" in PAGES["lorvp/networks/README.md"]


def default() -> dict[str, Any]:
    return YAML(typ="safe").load(ROOT / "params.yaml")


@pytest.mark.parametrize(
    "block", [b for b in BLOCKS if b.language == "yaml"], ids=lambda block: block.page
)
def test_settings_are_accepted(block):
    experiment, shown = default(), YAML(typ="safe").load(block.code)
    for section, settings in shown.items():
        experiment[section] = (
            settings if section == "grid" else experiment.get(section, {}) | settings
        )
    _, problems = check(experiment, RunParams)
    assert problems == []


SECTIONS = {"compute": ComputeConfig(), "tracking": TrackingConfig()}
SETTING = re.compile(r"(training|compute|tracking)(?=[.:])(?:\.(\w+))?(?:: ([^…]+))?$")


@pytest.mark.parametrize("page", MANUALS)
def test_settings_in_sentences_are_accepted(page):
    """Such as `compute.retries`, `training: paper` and `training.test_every_epoch: true`."""
    for match in filter(None, map(SETTING.match, spans(page))):
        section, key, value = match.groups()
        if value is None:
            assert hasattr(SECTIONS[section], key), match[0]
            continue
        settings = YAML(typ="safe").load(value)
        experiment = default()
        home = experiment["grid"]["border"] if section == "training" else experiment
        home[section] = deepcopy(home.get(section, {})) | {key: settings} if key else settings
        assert check(experiment, RunParams)[1] == [], match[0]


def test_settings_of_datasets_in_sentences_are_accepted():
    page = "lorvp/datasets/README.md"
    pairs = [span.split(": ") for span in spans(page) if re.match(r"[a-z_]+: [\w./]+$", span)]
    assert len(pairs) > 8
    kinds = {kind.model_fields["kind"].default for kind in get_args(get_args(DatasetConfig)[0])}
    for key, text in pairs:
        value = YAML(typ="safe").load(text)
        if key == "kind":
            assert value in kinds
        elif key in Flowers102Config.model_fields:
            Flowers102Config.model_validate({key: value})
        else:
            FolderConfig.model_validate({"root": "photos", key: value})


def test_names_of_environment_variables_are_those_of_the_code():
    code = "".join(p.read_text() for d in ("lorvp", "tasks") for p in (ROOT / d).rglob("*.py"))
    named = {name for page in MANUALS for name in re.findall(r"\bLORVP_\w+", PAGES[page])}
    assert len(named) > 4
    assert sorted(name for name in named if f'"{name}"' not in code) == []


def test_each_guarantee_is_held_by_tests_that_there_are():
    rows = [line for line in PAGES["lorvp/THREATS.md"].splitlines() if "| " in line]
    tests = [re.findall(r"`(tests/[\w/]+\.py)`", row.split("|")[3]) for row in rows]
    named = [name for row in tests for name in row]
    assert sum(map(bool, tests)) == len(rows) - 4, "two tables have two lines of a head each"
    assert [name for name in named if not (ROOT / name).is_file()] == []


RUN = ["LowRank(", "lorvp.freeze(", "class NarrowConfig", "class StripesConfig"]
RUN += ['load("data/prompts', "result = run(", "def make(", "torch.save(", 'load("user/name")']
"""A word of each block of Python: the first three run below, the fourth is a package that tests
install, the others run in the pipeline's tests."""


def test_every_block_of_python_is_run():
    shown = [block.code for block in BLOCKS if block.language == "python"]
    assert sorted(map(snippet, RUN)) == sorted(shown)


def test_the_package_on_the_page_is_the_one_that_is_installed():
    shown = [block.code for block in BLOCKS if block.language == "toml"]
    assert shown == [(TEMPLATE / "pyproject.toml").read_text()]
    assert snippet("class StripesConfig") == (TEMPLATE / STRIPES).read_text()


def test_each_group_of_entry_points_is_on_that_page():
    rows = re.findall(r"^\| (`lorvp\.\w.*?) \|", PAGES["lorvp/README.md"], re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(lorvp\.\w+)`", row)}
    assert listed == {*KINDS, OTHER_RUNNERS.group, OTHER_TRACKERS.group}


def test_the_parts_work_alone_in_five_lines():
    code = snippet("LowRank(")
    found: dict = {}
    exec(code, found)
    assert found["prompted_BCHW"].shape == found["images_BCHW"].shape
    assert len([line for line in code.splitlines() if line and "import" not in line]) <= 5
    found["prompted_BCHW"].sum().backward()
    assert found["low_rank"].left.grad is not None
    assert found["regions"].policy.weight.grad is not None


def test_a_module_is_frozen_as_shown(capsys):
    found: dict = {}
    exec(snippet("lorvp.freeze("), found)
    assert capsys.readouterr().out == "16\n"
    assert found["network"](torch.rand(2, 3, 32, 32), "features").shape == (2, 16)


def test_the_method_to_try_has_the_values_it_says(monkeypatch):
    module = ModuleType("narrow")
    monkeypatch.setitem(sys.modules, "narrow", module)  # where pydantic looks names up
    exec(snippet("class NarrowConfig"), vars(module))
    prompt = module.NarrowConfig().build(Canvas((224, 224)))
    values = sum(parameter.numel() for parameter in prompt.parameters())
    assert values == 3 * (224**2 - 168**2)
    assert f"{values:,} at 224 pixels" in module.NarrowConfig.__doc__
    assert not torch.cat([parameter.flatten() for parameter in prompt.parameters()]).any()
