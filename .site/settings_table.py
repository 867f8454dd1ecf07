"""Every key of params.yaml, with its values, its default and what it does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lorvp.experiment.trial import Trial
from lorvp.experiment.tune import TuneConfig
from tasks.settings import RunParams

Schema = dict[str, Any]
DEFS = "#/$defs/"
HEAD = "| key | values | default | |\n| --- | --- | --- | --- |\n"
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def text() -> str:
    """Sections in the order of the file, each followed by those that its keys choose from."""
    sections, block, tune = (m.model_json_schema() for m in (RunParams, Trial, TuneConfig))
    defs = {name: d for s in (sections, block, tune) for name, d in s.get("$defs", {}).items()}
    waiting = [*(sections["properties"] | {"grid": block, "tune": tune}).items()]
    waiting += [("range", tune["additionalProperties"]["anyOf"][0])]
    told: dict[tuple[str, ...], str] = {}
    while waiting:
        name, schema = waiting.pop(0)
        key = tuple(references(schema)) or (name,)
        if key not in told:
            members = [defs[ref] for ref in references(schema)]
            told[key] = "".join(section(name, schema, members))
            parts = [schema, *members]
            inner = [item for part in parts for item in part.get("properties", {}).items()]
            waiting = [(n, s) for n, s in inner if references(s)] + waiting
    return "\n".join(told.values())


def references(node: Any) -> list[str]:
    """The names of the classes that a key of this schema may hold."""
    if isinstance(node, list):
        return [name for item in node for name in references(item)]
    if not isinstance(node, dict) or "properties" in node:
        return []
    if "$ref" in node:
        return [node["$ref"].removeprefix(DEFS)]
    return references([part for key, part in node.items() if key not in ("default", "$defs")])


def section(name: str, schema: Schema, members: list[Schema]) -> Iterator[str]:
    yield f"## {name}\n\n{one_line(schema.get('description', ''))}\n\n"
    if "properties" in schema:
        yield table(schema)
    for member in members:
        kind = member["properties"].get("kind", {}).get("const")
        yield f"### {kind}\n\n" if kind else ""
        yield f"{one_line(member.get('description', ''))}\n\n{table(member)}"


def table(schema: Schema) -> str:
    """A row for each key but `kind`, which its heading has."""
    needed = schema.get("required", [])
    rows = [row(k, s, k in needed) for k, s in schema["properties"].items() if k != "kind"]
    return f"{HEAD}{''.join(rows)}\n" if rows else ""


def row(key: str, schema: Schema, needed: bool) -> str:
    default = "needed" if needed else written(schema.get("default"))
    chosen = f"[{key}](#{key})" if references(schema) else values(schema)
    cells = [f"`{key}`", chosen, default, one_line(schema.get("description", ""))]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def written(default: Any) -> str:
    """Settings of several keys are not repeated: they have a table of their own."""
    short = default.get("kind", "its own") if isinstance(default, dict) else json.dumps(default)
    return f"`{short}`" if short != "its own" else short


def values(schema: Schema) -> str:
    """What may stand there, in a few words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(values, schema["anyOf"])))
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"a list: {values(schema.get('items', {}))}"
    names = {"integer": "a whole number", "number": "a number", "string": "text"}
    names |= {"boolean": "`true`, `false`", "null": "`null`", "object": "settings"}
    bounds = [f"{sign} {schema[bound]:,}" for bound, sign in BOUNDS.items() if bound in schema]
    return " ".join([names.get(schema.get("type", ""), "anything"), ", ".join(bounds)]).strip()


def one_line(words: str) -> str:
    """RST's code is Markdown's, on one line."""
    return re.sub(r"\s+", " ", words.replace("``", "`")).replace("<", "&lt;")


if __name__ == "__main__":
    print(text())
