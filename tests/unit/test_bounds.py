"""No number in a file is unbounded: a slip of the pen is told, and fills no memory."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML

import lorvp
from lorvp.experiment.json_schema import schema
from lorvp.experiment.params import check
from lorvp.mappings import MappingConfig
from lorvp.networks.manifest import CheckpointManifest
from lorvp.prompts.methods import MethodConfig
from lorvp.settings import LARGEST
from tasks.settings import RunParams
from tests.support.experiments import block, params

UPPER = ("maximum", "exclusiveMaximum")
HUGE = 10**30
BOUNDED_BY_A_VALIDATOR = "CheckpointManifest/$defs/Tokens/"
"""Whose schema does not show it; it has a test of its own."""


def problems(text: str) -> list[str]:
    _, found = check(YAML(typ="safe", pure=True).load(text), RunParams)
    return [problem.message for problem in found]


def models() -> list[type[BaseModel]]:
    """All that says what a file of settings or a manifest holds."""
    for module in pkgutil.walk_packages(lorvp.__path__, "lorvp."):
        import_module(module.name)
    found, waiting = set(), [BaseModel]
    while waiting:
        below = waiting.pop().__subclasses__()
        found |= {cls for cls in below if cls.__module__.startswith("lorvp.")}
        waiting += below
    return sorted(found, key=lambda cls: (cls.__module__, cls.__qualname__))


def numbers(node: Any, at: str) -> Iterator[tuple[str, dict]]:
    """The numbers in a JSON schema that may take any value between their bounds."""
    if isinstance(node, list):
        node = dict(enumerate(node))
    if isinstance(node, dict):
        if node.get("type") in ("integer", "number") and not {"enum", "const"} & node.keys():
            yield at, node
        for key, inner in node.items():
            yield from numbers(inner, f"{at}/{key}")


def unbounded(node: Any, at: str) -> list[str]:
    return [place for place, n in numbers(node, at) if not set(UPPER) & n.keys()]


MODELS = models()


def test_there_are_many():
    assert len(MODELS) > 100
    assert len(list(numbers(schema(RunParams), ""))) > 200


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__qualname__)
def test_every_number_has_an_upper_bound(cls):
    found = unbounded(cls.model_json_schema(), cls.__qualname__)
    assert [place for place in found if not place.startswith(BOUNDED_BY_A_VALIDATOR)] == []


@pytest.mark.parametrize("tokens", [[HUGE, 1], [2**16 + 1, 1], [0, 1], [1, HUGE], [1, 1001]])
def test_the_size_of_a_vision_transformer_has_bounds(tokens):
    with pytest.raises(ValidationError) as told:
        CheckpointManifest.model_validate({"tokens": tokens})
    messages = [e["msg"] for e in told.value.errors() if e["loc"] == ("tokens",)]
    assert messages == ["Value error, should be a width of 1 to 65536 and 1 to 1000 blocks"]


def test_editors_know_an_upper_bound_of_every_number():
    assert unbounded(schema(RunParams), "") == []


@pytest.mark.parametrize("union", [MethodConfig, MappingConfig], ids=["methods", "mappings"])
def test_no_prompt_and_no_mapping_can_be_larger_than_any_network(union):
    for cls in get_args(get_args(union)[0]):
        for place, number in numbers(cls.model_json_schema(), cls.__name__):
            assert number["type"] == "number" or number["maximum"] <= LARGEST, place


@pytest.mark.parametrize("cls", MODELS, ids=lambda cls: cls.__qualname__)
def test_what_is_far_too_large_is_answered_with_the_bound(cls):
    properties = cls.model_json_schema().get("properties", {})
    for name, field in properties.items():
        own = [field, *field.get("anyOf", [])]
        bounds = [n[k] for n in own if n.get("type") == "integer" for k in UPPER if k in n]
        for bound in bounds:
            with pytest.raises(ValidationError) as told:
                cls.model_validate({name: HUGE})
            messages = [e["msg"] for e in told.value.errors() if e["loc"][0] == name]
            assert any(str(bound) in message for message in messages), (name, messages)


@pytest.mark.parametrize(
    ("method", "training", "seed", "bound"),
    [
        ("lor_vp", f"{{epochs: {HUGE}}}", "0", "100000"),
        ("lor_vp", "{batch_size: 1000001}", "0", "1000000"),
        ("lor_vp", "{warmup_steps: 10000001}", "0", "10000000"),
        ("lor_vp", "{lr: 1.0e+9}", "0", "1000000"),
        ("{lor_vp: {rank: 1000000000}}", "{}", "0", "4096"),
        ("{pad: {width: [3, 4097]}}", "{}", "0", "4096"),
        ("lor_vp", "{}", str(2**63), "4294967296"),
        ("lor_vp", "{}", f"[0, {2**64 + 1}]", "4294967296"),
    ],
)
def test_the_grid_is_told_the_bound(method, training, seed, bound):
    told = problems(params(block(method=method, training=training, seed=seed)))
    assert len(told) == 1
    assert bound in told[0]


@pytest.mark.parametrize(
    ("key", "bound"), [("workers", "4096"), ("retries", "1000"), ("cpus", "4096"),
                       ("trials_per_device", "4096"), ("lanes", "1024"),
                       ("time_limit", "1000000")],
)  # fmt: skip
def test_the_compute_settings_are_told_the_bound(key, bound):
    assert bound in " ".join(problems(params() + f"compute: {{{key}: {HUGE}}}\n"))
