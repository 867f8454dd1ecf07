"""Settings as a form of Prefect's UI: each field may be left empty, and none is checked there.

The UI draws lists, numbers and choices well. It knows no unions of settings, so of such a field
the form has only the kind; and what is checked by us gets the messages that params.yaml gets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import WithJsonSchema

from lorvp.settings import Settings


def one_of(names: Iterable[str]) -> WithJsonSchema:
    """A choice."""
    return WithJsonSchema({"type": "string", "enum": list(names)})


def form_of(settings: type[Settings], sweep: bool = False) -> WithJsonSchema:
    """A value, or none, for each field that can be drawn; with ``sweep`` any number of values."""
    whole = settings.model_json_schema()
    fields = {}
    for name, written in whole["properties"].items():
        if choices := _drawable(written):
            about = " ".join(written.get("description", "").split())
            field = _list_of(choices[0]) if sweep else _perhaps(choices)
            fields[name] = field | {"title": name.replace("_", " "), "description": about}
    return WithJsonSchema({"type": "object", "title": whole["title"], "properties": fields})


def filled_in(form: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in form.items() if value not in (None, [])}


def _list_of(choice: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": choice, "default": []}


def _perhaps(choices: list[dict[str, Any]]) -> dict[str, Any]:
    if len(choices) == 1:
        return choices[0]
    return {"anyOf": [*choices, {"type": "null"}], "default": None}


def _drawable(written: dict[str, Any]) -> list[dict[str, Any]]:
    """The plain types among those that a value may have, without their limits."""
    if "discriminator" in written:
        return [{"type": "string", "enum": list(written["discriminator"]["mapping"])}]
    found = []
    for part in written.get("anyOf", [written]):
        if "const" in part or "enum" in part:
            found.append({"type": "string", "enum": part.get("enum") or [part["const"]]})
        elif part.get("type") in ("integer", "number", "string", "boolean"):
            found.append({"type": part["type"]})
    return found
