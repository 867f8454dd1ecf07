"""Settings as a form of Prefect's UI, in which each field may be left empty.

The UI draws lists, numbers and choices well, but no unions of settings: of such a field the form
has only the kind. The form checks nothing; we do, with the messages that params.yaml gets.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import WithJsonSchema

from lorvp.settings import Settings


def one_of(names: Iterable[str], title: str) -> WithJsonSchema:
    """A choice of one of ``names``; of a list, those that it has when the form is made.

    ``title`` is its own: `Annotated` takes two choices that are equal for one, as those of two
    empty lists would be.
    """
    known = names if isinstance(names, list) else list(names)
    return WithJsonSchema({"type": "string", "title": title, "enum": known})


def form_of(settings: type[Settings], sweep: bool = False) -> WithJsonSchema:
    """A form with each field of ``settings`` that can be drawn: one value or none, with ``sweep``
    any number of values."""
    whole = settings.model_json_schema()
    fields = {}
    for name, written in whole["properties"].items():
        if choices := _drawable(written):
            about = " ".join(written.get("description", "").split())
            field = _list_of(choices[0]) if sweep else _perhaps(choices)
            fields[name] = field | {"title": name.replace("_", " "), "description": about}
    return WithJsonSchema({"type": "object", "title": whole["title"], "properties": fields})


def filled_in(form: dict[str, Any]) -> dict[str, Any]:
    """The fields that the user has not left empty."""
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
