"""The page of methods, mappings and papers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, get_args

from lorvp.mappings import MappingConfig
from lorvp.prompts.methods import MethodConfig
from lorvp.results.tables.differences import GENERAL
from lorvp.results.tables.procedures import PROCEDURES, Procedure
from lorvp.settings import Differs, Origin

HEAD = """\
# Where methods and mappings come from, and what differs

Written by `uv run python -m tests.support.kind_pages` from what classes declare (`origin`) and from
`lorvp/results/tables/procedures.py`; a test holds this page to them. Beside a published number,
`data/tables/published.md` and the report print the differences that hold for the trial at hand,
and those that its block of the grid declares (`differs: …`).

## What differs for all

"""
PAPERS = """\
## Papers with numbers

What is known of the procedure behind the numbers in `lorvp/results/tables/published.csv`; a blank
is not known, or is no difference.

| paper | best test epoch | fp16 autocast | bilinear for all | middle of the short side | more |
| --- | --- | --- | --- | --- | --- |
"""
COLUMNS = "| {} | from | formula | recipe | we differ |\n| --- | --- | --- | --- | --- |\n"


def kinds(union: Any) -> list[type]:
    return list(get_args(get_args(union)[0]))


def general() -> Iterator[str]:
    """What each rule is about."""
    for rule in GENERAL:
        yield f"- {' '.join((inspect.getdoc(rule) or '').split())}\n"


def papers() -> Iterator[str]:
    def row(procedure: Procedure) -> Iterator[str]:
        for name in ("tests_choose", "autocast", "bilinear", "middle"):
            yield "yes" if getattr(procedure, name) else ""
        yield cell("; ".join(procedure.more))

    for paper, procedure in PROCEDURES.items():
        yield f"| {' | '.join([paper, *row(procedure)])} |\n"


def row(kind: Any) -> str:
    origin: Origin = kind.origin
    cells = [cell(origin.paper), code(origin.formula), cell(origin.recipe)]
    differs = "<br>".join(map(difference, origin.differs))
    return f"| `{kind.model_fields['kind'].default}` | {' | '.join(cells)} | {differs} |\n"


def difference(one: Differs) -> str:
    """With the settings for which it holds in front of it."""
    when = [f"`{name}: {value}`" for name, value in one.only.items()]
    when += ["augmented images"] if one.with_augmentation else []
    return (f"{', '.join(when)}: " if when else "") + cell(one.what)


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def code(text: str) -> str:
    return f"`{text}`".replace("|", "\\|")


def page() -> str:
    methods, mappings = (map(row, kinds(union)) for union in (MethodConfig, MappingConfig))
    return "".join(
        [
            HEAD,
            *general(),
            "\n## Methods\n\n",
            COLUMNS.format("method"),
            *methods,
            "\n## Mappings\n\n`z` are the network's logits, `f` its features.\n\n",
            COLUMNS.format("mapping"),
            *mappings,
            "\n",
            PAPERS,
            *papers(),
        ]
    )
