"""Choices among settings classes by their ``kind``, and the classes that an annotation names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema

from lorvp.settings.base import Settings


def _kind_alone(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


# A choice among settings classes is written ``Annotated[A | B, BY_KIND, OR_KIND_ALONE]``: the
# field ``kind`` says which class is meant, and the kind alone may stand for its default settings.
# That union is the only list of the classes: the schema of params.yaml, the tests and the tables
# are derived from it.
BY_KIND = Field(discriminator="kind")
OR_KIND_ALONE = BeforeValidator(_kind_alone)


@dataclass(frozen=True)
class ByKind:
    """In place of ``BY_KIND``: a choice among the classes of the union and those of ``others``.

    The others are asked for when a schema is built and not when the union is written, since their
    modules import ours.
    """

    others: Callable[[tuple[type[Settings], ...]], tuple[type[Settings], ...]]
    """Further classes, for those of the union."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        own = get_args(source)
        every: Any = reduce(or_, self.others(own), source)
        return handler.generate_schema(Annotated[every, BY_KIND])


def classes_in(annotation: Any) -> Iterator[type[Settings]]:
    """The settings classes that an annotation stands for, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        yield annotation
    inner = get_args(annotation)
    for part in inner:
        yield from classes_in(part)
    for mark in inner[1:]:
        if isinstance(mark, ByKind):
            yield from mark.others(get_args(inner[0]))


def takes_others(annotation: Any) -> bool:
    """Whether a choice in an annotation, at any depth, is open to the classes of other packages."""
    inner = get_args(annotation)
    return isinstance(annotation, ByKind) or any(map(takes_others, inner))


def annotation_of(known: FieldInfo) -> Any:
    """A field's annotation, with the marks that pydantic keeps apart."""
    return Annotated[known.annotation, *known.metadata] if known.metadata else known.annotation
