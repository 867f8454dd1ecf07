"""The JSON schema of params.yaml, so that editors complete it and mark mistakes.

    python -m flows.schema > data/params.schema.json

Derived from the settings classes. In the grid every list is a sweep, so there every value may
also be a list of such values, and methods and mappings are named choices.
"""

from __future__ import annotations

from typing import Any

from lorvp.experiment.declared import ADAPTER, DIFFERS
from lorvp.experiment.expansion import CHOICES
from lorvp.experiment.params import Params
from lorvp.experiment.searches import FIXED, TUNE
from lorvp.experiment.trial import PAPER, RECIPE, Trial
from lorvp.experiment.tune import TuneConfig
from lorvp.recipe import TrainingConfig
from lorvp.settings import NAME

DEFS = "#/$defs/"


def schema(params: type[Params]) -> dict[str, Any]:
    """The schema of a file with the sections of ``params``, as plain data."""
    whole = params.model_json_schema()
    trial = _with_recipes(Trial.model_json_schema())
    definitions = {name: _swept(d) for name, d in trial.pop("$defs").items()}
    block = _swept(trial)
    for key in CHOICES:
        block["properties"][key] = _named_choices(trial["properties"][key])
    tune = TuneConfig.model_json_schema(ref_template=DEFS + "{model}")
    whole["$defs"] |= definitions | tune.pop("$defs") | {"Tune": _searched(tune), "Block": block}
    block["properties"][TUNE] = {"$ref": DEFS + "Tune"}
    block["properties"][DIFFERS] = _declared()
    whole["properties"]["grid"]["additionalProperties"] = {"$ref": DEFS + "Block"}
    whole["properties"]["grid"].pop("patternProperties", None)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_with_shorthand(whole, whole["$defs"]),
    }


def _declared() -> dict[str, Any]:
    """A sentence, or a list of them."""
    several = ADAPTER.json_schema()
    about = "What this block does otherwise than the paper that it follows; the tables say it."
    return {"description": about, "anyOf": [several["items"], several]}


def _searched(tune: dict[str, Any]) -> dict[str, Any]:
    """Editors offer the settings of the training; those of methods and mappings have other names
    in each."""
    space = tune["additionalProperties"]
    names = [name for name in TrainingConfig.model_fields if name not in FIXED]
    return tune | {"properties": tune["properties"] | dict.fromkeys(names, space)}


def _with_recipes(trial: dict[str, Any]) -> dict[str, Any]:
    """Allow ``training: paper``, and ``recipe: paper`` beside other keys."""
    training = trial["properties"]["training"]
    written = training.pop("$ref")
    training["anyOf"] = [{"enum": [PAPER]}, {"$ref": written}]
    keys = trial["$defs"][written.removeprefix(DEFS)]["properties"]
    about = "The settings that no key beside it gives; paper is the method's own."
    keys[RECIPE] = {"description": about, "enum": [PAPER]}
    return trial


def _swept(definition: dict[str, Any]) -> dict[str, Any]:
    """The definition in which each value may also be a list of values."""
    properties = definition.get("properties", {})
    return definition | {"properties": {k: _or_list(v) for k, v in properties.items()}}


def _or_list(value: dict[str, Any]) -> dict[str, Any]:
    about = {key: value[key] for key in ("title", "description", "default") if key in value}
    plain = {key: part for key, part in value.items() if key not in about}
    return about | {"anyOf": [plain, {"type": "array", "items": plain, "minItems": 1}]}


def _named_choices(union: dict[str, Any]) -> dict[str, Any]:
    """``lp``, ``[flm, lp]``, or names with the settings of a kind below each."""
    settings = union["discriminator"]["mapping"]
    kinds = {"enum": list(settings)}
    several = {"type": "array", "items": kinds, "minItems": 1}
    named = {kind: _below_a_name(settings, [ref]) for kind, ref in settings.items()}
    other = _below_a_name(settings, list(settings.values())) | {"required": ["kind"]}
    table = {
        "type": "object",
        "properties": {kind: {"anyOf": [{"type": "null"}, s]} for kind, s in named.items()},
        "additionalProperties": {"anyOf": [kinds, other]},
        "propertyNames": {"pattern": NAME},
        "minProperties": 1,
        "not": {"required": ["kind"]},
    }
    return {"description": union.get("description", ""), "anyOf": [kinds, several, table]}


def _below_a_name(settings: dict[str, str], refs: list[str]) -> dict[str, Any]:
    """The settings below a name: those of ``refs``, of the kind under ``kind``, or of several."""
    several = {"type": "array", "items": {"enum": list(settings)}, "minItems": 1}
    swept = {"type": "object", "properties": {"kind": several}, "required": ["kind"]}
    said = {"anyOf": [{"$ref": ref} for ref in settings.values()], "required": ["kind"]}
    return {"anyOf": [{"$ref": ref} for ref in refs] + [said, swept]}


def _with_shorthand(node: Any, definitions: dict[str, Any]) -> Any:
    """The schema in which a kind without required keys may stand for all of its settings."""
    if isinstance(node, list):
        return [_with_shorthand(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _with_shorthand(value, definitions) for key, value in node.items()}
    if "discriminator" not in node:
        return node
    settings = node.pop("discriminator")["mapping"]
    needs = {kind: definitions[ref.removeprefix(DEFS)] for kind, ref in settings.items()}
    alone = {"enum": [kind for kind, own in needs.items() if not own.get("required")]}
    whole = {"oneOf": node.pop("oneOf"), "required": ["kind"]}
    return node | {"anyOf": [alone, whole] if alone["enum"] else [whole]}
