"""Pydantic's errors as sentences that say what would be right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from lorvp.settings import NAME, Settings, annotation_of, classes_in, takes_others
from lorvp.text.printable import printable
from lorvp.text.quoted import named, shown, similar

Where = tuple[str | int, ...]
"""A place in params.yaml, such as ("grid", "digits", "method", "lor_vp", "rank", 1)."""

FIRST = 3
"""Problems that a message lists for one place, or for a file that nobody edits by hand."""
OTHERS = " (kinds of other packages are here where these are installed)"
MANY = 40
"""Number of allowed words above which a message lists only those like the given one."""


@dataclass(frozen=True)
class Problem:
    """A problem of params.yaml, and its place."""

    where: Where
    message: str


def errors_of(error: ValidationError) -> list[Any]:
    """Pydantic's errors, without "too short" for a list that only has wrong items."""
    found = error.errors()
    inner = {other["loc"][:-1] for other in found}
    return [e for e in found if e["type"] != "too_short" or e["loc"] not in inner]


def describe(
    error: Any, root: type[Settings], more: Mapping[Where, list[str]] | None = None
) -> str:
    """One of pydantic's errors from validating ``root``, as a sentence on one line.

    ``more`` lists keys that may stand at a place although they are no fields.
    """
    return printable(_sentence(error, root, more or {}))


def _sentence(error: Any, root: type[Settings], more: Mapping[Where, list[str]]) -> str:
    context, loc = error.get("ctx", {}), error["loc"]
    match error["type"]:
        case "extra_forbidden":
            allowed = _keys(root, loc[:-1]) + more.get(loc[:-1], [])
            return f"there is no key {shown(loc[-1])} here{_offer(loc[-1], allowed)}"
        case "missing":
            return f"the key {shown(loc[-1])} is missing"
        case "union_tag_invalid":
            kinds = [word.strip("' ") for word in context["expected_tags"].split(",")]
            offer = _offer(context["tag"], kinds) + (OTHERS if _takes_others(root, loc) else "")
            return f"unknown kind {shown(context['tag'])}{offer}"
        case "union_tag_not_found":
            return "the key 'kind' is missing"
        case "dict_type" | "model_type" | "model_attributes_type" if error["input"] is None:
            return "is empty; it should be a mapping of keys to values"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"should be a mapping of keys to values (got {shown(error['input'])})"
        case "value_error":
            return str(context["error"])
        case "too_short":
            return f"needs at least {context['min_length']} (got {shown(error['input'])})"
        case "too_long":
            return f"has more than {context['max_length']} (got {shown(error['input'])})"
        case "tuple_type":
            return f"should be a list, inside the list that sweeps it (got {shown(error['input'])})"
        case "string_pattern_mismatch" if context["pattern"] == NAME:
            rule = "up to 100 letters, digits and _ - between them (no dots: DVC takes them apart)"
            return f"{shown(error['input'])} is not a name: {rule}"
        case "string_pattern_mismatch":
            return f"{shown(error['input'])} is not of the form {context['pattern']}"
        case _:
            return f"{error['msg'].removeprefix('Input ')} (got {shown(error['input'])})"


def told(error: ValidationError) -> str:
    """Pydantic's first errors on one line, each after its key, for files that nobody edits."""
    found = [_with_key(e) for e in errors_of(error)]
    return "; ".join(found[:FIRST]) + (f"; and {len(found) - FIRST} more" * (len(found) > FIRST))


def _with_key(error: Any) -> str:
    plain = {"missing": "is missing", "extra_forbidden": "has no place here"}
    key = named(error["loc"])
    return ": ".join(filter(None, (key, plain.get(error["type"]) or describe(error, Settings))))


def merged(problems: list[Problem]) -> list[Problem]:
    """One problem for each place. A value of a union type has an error for each member."""
    messages: dict[Where, dict[str, None]] = {}
    for problem in problems:
        messages.setdefault(problem.where, {})[problem.message] = None
    return [Problem(where, _joined(list(parts))) for where, parts in messages.items()]


def _joined(messages: list[str]) -> str:
    """The messages joined by "or" if they are about one value, else by "and"."""
    values = {message.rpartition(" (got ")[2] for message in messages}
    more = f", and {len(messages) - FIRST} more" if len(messages) > FIRST else ""
    return (", or " if len(values) == 1 else ", and ").join(messages[:FIRST]) + more


def _offer(given: Any, allowed: list[str]) -> str:
    near = similar(str(given), allowed, 8, 0.6)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    if len(allowed) > MANY:
        return f"{hint} Similar: {', '.join(near)}" if near[1:] else hint
    return f"{hint} Allowed: {', '.join(allowed) or 'nothing'}"


def _keys(root: type[Settings], loc: Where) -> list[str]:
    """The keys that are allowed at a place."""
    candidates, _ = _followed(root, loc)
    return list(candidates[0].model_fields) if len(candidates) == 1 else []


def _takes_others(root: type[Settings], loc: Where) -> bool:
    """Whether other packages can add to the choices at a place."""
    return takes_others(_followed(root, loc)[1])


def _followed(root: type[Settings], loc: Where) -> tuple[list[type[Settings]], Any]:
    """What may stand at a place, found by following it through fields and kinds: classes, and the
    annotation of the last field."""
    candidates, annotation = [root], None
    for part in loc:
        if len(candidates) == 1 and part in candidates[0].model_fields:
            annotation = annotation_of(candidates[0].model_fields[str(part)])
            candidates = list(classes_in(annotation))
        else:  # a kind that pydantic chose from a union, or a name that the user gave
            candidates = [c for c in candidates if kind_of(c) == part] or candidates
    return candidates, annotation


def kind_of(settings: type[Settings]) -> Any:
    field = settings.model_fields.get("kind")
    return field.default if field else None
