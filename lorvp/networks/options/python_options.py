"""What the user's own code may be told: plain values, of which it alone knows the meaning."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue

from lorvp.networks.options.base import Options

Value = Annotated[JsonValue, Field()]


class PythonOptions(Options):
    """Any names, with numbers, words, switches, null, and lists and maps of these."""

    model_config = ConfigDict(extra="allow")

    __pydantic_extra__: dict[str, Value] = Field(init=False)  # pyright: ignore
