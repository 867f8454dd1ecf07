"""The base of every settings class: strict, immutable, able to name itself in a table."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


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
