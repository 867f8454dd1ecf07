"""The base of every settings class: strict, immutable, able to describe itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema


class Settings(BaseModel):
    """Base class. Settings are validated when they are read; modules take plain arguments."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        # Until they are used: by then the packages that add kinds are imported, see `ByKind`.
        defer_build=True,
    )


@dataclass(frozen=True)
class Symbol:
    """Marks a field that names a row of the tables: ``rank`` with ``Symbol("r")`` reads ``r=4``."""

    letter: str


@dataclass(frozen=True)
class Differs:
    """Something that we do otherwise than the procedure of a paper, in words for its readers."""

    what: str
    """Ours first, then theirs: ``fp32, not fp16 autocast``."""
    only: Mapping[str, Any] = field(default_factory=dict)
    """Settings of this kind with which it holds; without any it always does."""
    with_augmentation: bool = False
    """Whether it holds only where the training images are augmented."""


@dataclass(frozen=True)
class Origin:
    """Where a method or a mapping comes from, and where we do not follow it.

    Every class of methods and mappings has one, as ``origin: ClassVar[Origin]``. Tables of
    published numbers and ``lorvp/FIDELITY.md`` are made of them. The hash of the code leaves the
    declaration out, as it does docstrings: no trial is trained again for a word.
    """

    paper: str
    """Authors, venue and number; "ours" where nobody has published it."""
    formula: str
    """In the letters of ``lorvp/__init__.py``."""
    recipe: str
    """Whence the training settings (a method), or the defaults (a mapping), are."""
    differs: tuple[Differs, ...] = ()
    """All that we know of; what all methods share is in ``lorvp/results/tables/procedures.py``."""


COUNTED_AS_THEY_ARE = Differs(
    "counts on training images as they are, not as augmented for training (SMM's and BLM's code)",
    only={"augmented": False},
    with_augmentation=True,
)
"""Of mappings with a setting ``augmented`` that is off."""

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$"

DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def is_reserved(name: str) -> bool:
    """Whether Windows takes a file's name for a device, with any ending."""
    return DEVICES.fullmatch(name) is not None


def _not_reserved(name: str) -> str:
    if is_reserved(name):
        raise ValueError(f"{name!r} is what Windows calls a device; take another name")
    return name


Name = Annotated[str, Field(pattern=NAME), AfterValidator(_not_reserved)]
"""A name that users give, as a key of params.yaml. It becomes the name of a folder, of a stage of
DVC (which takes dots for levels of params.yaml), and the first word of a row in the tables."""

Seed = Annotated[int, Field(ge=0, lt=2**32)]

# Every number is bounded: a slip of the pen is refused before it fills the memory or takes a year.
LARGEST = 4096
Count = Annotated[int, Field(ge=1, le=LARGEST)]
"""A side in pixels, a rank, or a number of parts of a network or machine."""
Epochs = Annotated[int, Field(ge=1, le=100_000)]
Batch = Annotated[int, Field(ge=1, le=1_000_000)]
PerClass = Annotated[int, Field(ge=1, le=1_000_000)]
"""A number of images of each class."""
Positive = Annotated[float, Field(gt=0, le=1e6)]
NotNegative = Annotated[float, Field(ge=0, le=1e6)]


def _with_a_place(template: str) -> str:
    if template.count("{}") != 1:
        raise ValueError("should have one {} where the class name goes")
    return template


Template = Annotated[str, AfterValidator(_with_a_place)]
"""A sentence with {} in place of a class name."""


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


def symbols(settings: Settings) -> dict[str, str]:
    """The marked fields, as words for a table's row: ``{"rank": "r=4"}``."""
    found: dict[str, str] = {}
    for name, known in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, Settings):
            found |= symbols(value)
        for mark in known.metadata:
            if isinstance(mark, Symbol) and value is not None:
                found[name] = f"{mark.letter}={value}"
    return found


def parts(settings: Settings) -> list[Settings]:
    """The settings themselves and every settings object inside them, depth first."""
    inner = [getattr(settings, name) for name in type(settings).model_fields]
    return [settings] + [p for v in inner if isinstance(v, Settings) for p in parts(v)]
