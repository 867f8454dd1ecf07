"""Apply the form of Prefect's UI to the plain data of params.yaml.

The result is checked as the file itself is, so only the form is checked here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from lorvp.errors import InputError
from lorvp.experiment.bounds import LARGEST, RefusedError, require_bounded, values_in
from lorvp.experiment.expansion import CHOICES
from lorvp.experiment.trial import PAPER, RECIPE
from lorvp.mappings import MappingConfig
from lorvp.prompts.methods import MethodConfig
from lorvp.settings import Settings, classes_in
from lorvp.text.problems import kind_of, told

METHODS = {kind_of(settings): settings for settings in classes_in(MethodConfig)}
MAPPINGS = {kind_of(settings): settings for settings in classes_in(MappingConfig)}


def changed(raw: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``raw`` with the changes of a form; an empty or missing entry changes nothing.

    ``grid`` replaces the whole grid. ``methods`` and ``mappings`` list kinds: kinds that the grid
    has keep their settings and blocks; new methods join the first block, new mappings every block.
    ``ranks`` is set in all methods that have a rank, ``datasets``, ``networks``, ``seeds`` and
    ``training`` in all blocks, ``compute`` in its section. A malformed block stays as it is.

    Raises:
        InputError: an entry of the form has another type than the form asks for.
    """
    _require_form(changes)
    raw = deepcopy(raw)
    raw["grid"] = deepcopy(changes.get("grid")) or raw["grid"]
    blocks = {name: b for name, b in raw["grid"].items() if _is_block(b)}
    if kinds := changes.get("methods"):
        _choose_methods(raw["grid"], blocks, kinds)
    if ranks := changes.get("ranks"):
        _set_ranks(list(blocks.values()), ranks)
    for block in blocks.values():
        if kinds := changes.get("mappings"):
            kept = _of_kinds(block.get("mapping"), kinds)
            block["mapping"] = kept | dict.fromkeys(_new_kinds(kinds, [kept]))
        for entry, key in (("datasets", "dataset"), ("networks", "network"), ("seeds", "seed")):
            if changes.get(entry):
                block[key] = changes[entry]
        if training := changes.get("training"):
            block["training"] = _with_training(block.get("training"), training)
    raw["compute"] = (raw.get("compute") or {}) | (changes.get("compute") or {})
    return raw


class Form(Settings):
    """The entries of the form and their types; their contents are checked with the whole grid."""

    methods: list[str] | None = None
    mappings: list[str] | None = None
    datasets: list[str] | None = None
    networks: list[str] | None = None
    ranks: list[Any] | None = None
    seeds: list[Any] | None = None
    training: dict[str, Any] | None = None
    compute: dict[str, Any] | None = None
    grid: dict[str, Any] | None = None


def _require_form(changes: dict[str, Any]) -> None:
    try:
        require_bounded(changes, values_in)
        Form.model_validate(changes)
        size = len(json.dumps(changes, ensure_ascii=False).encode())
    except RefusedError as error:
        raise InputError(f"the form: {error}") from error
    except ValidationError as error:
        raise InputError(f"the form: {told(error)}") from error
    except (UnicodeEncodeError, TypeError, ValueError) as error:
        raise InputError(f"the form holds something that is no text: {error}") from error
    if size > LARGEST:
        raise InputError(f"the form is larger than {LARGEST:,} bytes")


def _is_block(block: Any) -> bool:
    if not isinstance(block, dict):
        return False
    choices = [block.get(key) for key in CHOICES]
    return all(_is_choice(choice) for choice in choices)


def _is_choice(choice: Any) -> bool:
    if isinstance(choice, dict):
        return all(_has_kinds(settings) for settings in choice.values())
    words = choice if isinstance(choice, list) else [choice]
    return all(isinstance(word, str) or word is None for word in words)


def _has_kinds(settings: Any) -> bool:
    kind = settings.get("kind") if isinstance(settings, dict) else settings
    kinds = kind if isinstance(kind, list) and isinstance(settings, dict) else [kind]
    return all(isinstance(word, str) or word is None for word in kinds)


def _choose_methods(grid: dict, blocks: dict[str, dict], kinds: list[str]) -> None:
    """Keep these methods in their blocks, add the new ones to the first, remove empty blocks."""
    kept = {name: _of_kinds(block.get("method"), kinds) for name, block in blocks.items()}
    new = _new_kinds(kinds, kept.values())
    for position, (name, methods) in enumerate(kept.items()):
        blocks[name]["method"] = methods | (dict.fromkeys(new) if position == 0 else {})
        if not blocks[name]["method"]:
            del blocks[name], grid[name]


def _set_ranks(blocks: list[dict], ranks: list[int]) -> None:
    found = False
    for block in blocks:
        methods = _as_mapping(block.get("method"))
        for name, settings in methods.items():
            for kind in _kinds(name, settings):
                new = _with_rank(settings, METHODS.get(kind), ranks)
                methods[name], found = new or settings, found or new is not None
        block["method"] = methods
    if not found:
        raise InputError("ranks: no method of this grid has a rank; add one that has to methods")


def _with_rank(settings: Any, of: type[Settings] | None, ranks: list[int]) -> dict | None:
    """The settings with these ranks, which may be set deep inside; None if no part has a rank."""
    if of is None or not isinstance(settings, dict | None):
        return None
    settings = dict(settings or {})
    if "rank" in of.model_fields:
        return settings | {"rank": ranks}
    for key, field in of.model_fields.items():
        inner = settings.get(key)
        inner = {"kind": inner} if isinstance(inner, str) else inner
        if isinstance(inner, dict):
            choices = {kind_of(choice): choice for choice in classes_in(field.annotation)}
            new = _with_rank(inner, choices.get(inner.get("kind")), ranks)
            if new is not None:
                return settings | {key: new}
    return None


def _with_training(written: Any, training: dict[str, Any]) -> Any:
    if isinstance(written, list):
        return [_with_training(item, training) for item in written]
    if not isinstance(written, dict | None) and written != PAPER:
        return written
    return ({RECIPE: PAPER} if written == PAPER else written or {}) | training


def _as_mapping(choices: Any) -> dict[str, Any]:
    """Choices as a mapping of names to settings; ``lp`` and ``[flm, lp]`` have none."""
    if isinstance(choices, dict):
        return dict(choices)
    return dict.fromkeys([choices] if isinstance(choices, str) else choices or [])


def _kinds(name: str, settings: Any) -> list[str]:
    kind = settings.get("kind", name) if isinstance(settings, dict) else settings or name
    return kind if isinstance(kind, list) else [kind]


def _of_kinds(choices: Any, kinds: list[str]) -> dict[str, Any]:
    named = _as_mapping(choices).items()
    return {name: s for name, s in named if not set(_kinds(name, s)).isdisjoint(kinds)}


def _new_kinds(kinds: list[str], kept: Iterable[dict[str, Any]]) -> list[str]:
    """The ``kinds`` that no choice in ``kept`` has."""
    known = {kind for named in kept for name, s in named.items() for kind in _kinds(name, s)}
    return [kind for kind in kinds if kind not in known]
