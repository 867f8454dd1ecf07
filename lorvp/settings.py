"""The base of every settings class: strict, immutable, able to describe itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


class Settings(BaseModel):
    """Settings are checked once, where they enter; behind that, modules take plain arguments."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


@dataclass(frozen=True)
class Symbol:
    """Marks a field that names a row of the tables: ``rank`` with ``Symbol("r")`` reads ``r=4``."""

    letter: str


NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
KEY = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
NAMES = {NAME: ". _ -", KEY: "_ -"}
"""What may stand between letters and digits."""

Name = Annotated[str, Field(pattern=NAME)]
"""A name that is also the name of a folder."""

Key = Annotated[str, Field(pattern=KEY)]
"""The name of a dataset or checkpoint, which DVC finds in params.yaml: a dot would end it."""

Seed = Annotated[int, Field(ge=0, lt=2**32)]


def _with_a_place(template: str) -> str:
    if template.count("{}") != 1:
        raise ValueError("should have one {} where the class name goes")
    return template


Template = Annotated[str, AfterValidator(_with_a_place)]
"""A sentence around a class name."""


def _kind_alone(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


# A choice among settings classes is written ``Annotated[A | B, BY_KIND, OR_KIND_ALONE]``: the
# classes are told apart by their field ``kind``, and ``kind`` alone may stand for all of them.
# That union is the only list of what exists: the schema of params.yaml, the tests and the
# tables are derived from it.
BY_KIND = Field(discriminator="kind")
OR_KIND_ALONE = BeforeValidator(_kind_alone)


def symbols(settings: Settings) -> dict[str, str]:
    """What tells these settings from their neighbours in a table: ``{"rank": "r=4"}``."""
    found: dict[str, str] = {}
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if isinstance(value, Settings):
            found |= symbols(value)
        for mark in field.metadata:
            if isinstance(mark, Symbol) and value is not None:
                found[name] = f"{mark.letter}={value}"
    return found


def parts(settings: Settings) -> list[Settings]:
    """The settings themselves and every settings object inside them, depth first."""
    inner = [getattr(settings, name) for name in type(settings).model_fields]
    return [settings] + [p for v in inner if isinstance(v, Settings) for p in parts(v)]
