"""The JSON schema for editors takes what the reader takes, and marks what it refuses."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from lorvp.experiment.json_schema import schema
from lorvp.experiment.params import check
from tasks.settings import RunParams
from tests.support.broken_params import MISSING, UNKNOWN_KEYS, WRONG_SHAPES
from tests.support.experiments import block, params

ROOT = Path(__file__).parent.parent.parent.parent
jsonschema = pytest.importorskip("jsonschema")

GOOD = {
    "plain": block(),
    "lists": block(method="[none, full]", mapping="[ilm, lp]", seed="[0, 1]"),
    "settings": block(method="{none: , lor_vp: {rank: [1, 4]}}"),
    "own name": block(method="{thin: {kind: lor_vp, rank: 1}}"),
    "own name and no settings": block(method="{thin: lor_vp}"),
    "kinds under one name": block(method="{thin: {kind: [lor_vp, full]}}"),
    "compose": block(method="{x: {kind: compose, content: {kind: low_rank, rank: [1, 2]}}}"),
    "contents": block(method="{x: {kind: compose, content: [{kind: low_rank, rank: 1}, free]}}"),
    "training": block(training="{lr: [0.1, 0.2], optimizer: [sgd, adam], schedule: cosine}"),
    "trainings": block(training="[{epochs: 1}, {epochs: [2, 3]}]"),
    "recipe": block(training="paper"),
    "recipes": block(training="[paper, {epochs: 1}, {recipe: paper, lr: [0.1, 0.2]}]"),
    "recipe with changes": block(training="{recipe: paper, epochs: 3, schedule: cosine}"),
    "recipe swept": block(training="{recipe: [paper]}"),
    "augmentation": block(training="{augmentation: {enlarge: [1.0, 1.125], flip: true}}"),
    "every mapping": block(
        mapping="[identity, rlm, flm, ilm, ilm_online, evp_index, blm, blm_plus, fm, lp, "
        "semantic, text]"
    ),
    "mappings with settings": block(
        mapping="{flm: {per_target: [1, 5]}, blm_plus: {share: 0.15, smoothing: [1.0, 2.0]}, "
        "clip: {kind: text, template: 'a {}'}}"
    ),
    "milestones": block(training="{schedule: {kind: multistep, milestones: [[0.5, 0.7]]}}"),
}


def plain(text: str):
    return YAML(typ="safe", pure=True).load(text)


def marks(text: str) -> list[str]:
    checker = jsonschema.Draft202012Validator(schema(RunParams))
    return [error.message for error in checker.iter_errors(plain(text))]


@pytest.mark.parametrize("name", GOOD)
def test_takes_what_the_reader_takes(name):
    _, problems = check(plain(params(GOOD[name])), RunParams)
    assert problems == [], "the case itself has to be right"
    assert marks(params(GOOD[name])) == []


@pytest.mark.parametrize("broken", UNKNOWN_KEYS + MISSING + WRONG_SHAPES)
def test_marks_keys_and_shapes_that_the_reader_refuses(broken):
    assert marks(broken.text)


@pytest.mark.parametrize(
    "training",
    ["papr", "[paper, papr]", "[]", "{recipe: papr}", "{recipe: 3}", "{recipe: paper, epoch: 3}",
     "{recipe: [paper, papr]}", "{recipe: paper, optimizer: {momentum: 0.5}}",
     "{augmentation: true}", "3", "[[paper]]"],
)  # fmt: skip
def test_marks_recipes_that_the_reader_refuses(training):
    _, problems = check(plain(params(block(method="lor_vp", training=training))), RunParams)
    assert problems, "the case itself has to be wrong"
    assert marks(params(block(method="lor_vp", training=training)))


def test_takes_the_papers_networks():
    """Every kind of checkpoint is among them."""
    whole, fragment = plain(params()), ROOT / "data/presets/fragments/networks.yaml"
    whole["checkpoints"] |= plain(fragment.read_text())["checkpoints"]
    assert check(whole, RunParams)[1] == []
    checker = jsonschema.Draft202012Validator(schema(RunParams))
    assert [error.message for error in checker.iter_errors(whole)] == []


def test_takes_the_projects_own_params():
    assert marks((ROOT / "params.yaml").read_text()) == []


def test_the_file_for_editors_is_up_to_date():
    assert json.loads((ROOT / "data" / "params.schema.json").read_text()) == schema(RunParams)
