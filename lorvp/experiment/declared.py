"""`differs:` in a block of the grid: what it does otherwise than the paper that it follows.

Sentences for the reader of the tables, under the published numbers. They are in no trial's name,
so that a word more trains nothing again.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from lorvp.experiment.trial import Trial
from lorvp.text.problems import Problem, Where, describe, errors_of

DIFFERS = "differs"

Sentence = Annotated[str, Field(min_length=1, max_length=500)]
Declared = Annotated[list[Sentence], Field(min_length=1, max_length=50)]
ADAPTER: TypeAdapter[list[str]] = TypeAdapter(Declared)


def declared_in(block: dict[str, Any], where: Where) -> tuple[tuple[str, ...], list[Problem]]:
    """The sentences of a block, one or a list, and what is wrong with them."""
    if DIFFERS not in block:
        return (), []
    written, place = block[DIFFERS], (*where, DIFFERS)
    if written in ([], "", None):
        return (), [Problem(place, "is empty; say what differs, or leave it out")]
    try:
        listed = [written] if isinstance(written, str) else written
        return tuple(ADAPTER.validate_python(listed, strict=True)), []
    except ValidationError as error:
        wrong = errors_of(error)
        return (), [Problem((*place, *e["loc"]), describe(e, Trial)) for e in wrong]


def without(block: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The block but for keys that are no axis of it."""
    return {key: value for key, value in block.items() if key not in keys}
