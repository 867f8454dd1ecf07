"""Arguments of architectures that a library accepts from us: numbers, switches and words.

The builders of timm, torchvision and open_clip take much more, such as addresses of weights, paths
and classes. Settings come from manifests and hubs that anybody may have written, so each library
lists here what it accepts, by name and type. None of these can reach a file or the network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from lorvp.settings import Settings

Rate = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0, le=1000)]
"""Number of layers, heads or groups."""
Width = Annotated[int, Field(ge=-1, le=65536)]
"""Number of channels or pixels; some architectures write -1 for none."""
Factor = Annotated[float, Field(ge=-1e6, le=1e6)]
Word = Annotated[str, Field(pattern=r"^[a-z0-9_]{0,40}$")]
"""A name that the library explains, such as one of its activations."""

_SHORT = Field(max_length=64, strict=False)
Counts = Annotated[list[Count], _SHORT]
Widths = Annotated[list[Width], _SHORT]
Factors = Annotated[list[Factor], _SHORT]
Flags = Annotated[list[bool], _SHORT]

UNBUILDABLE = (
    ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError,
    RuntimeError, TypeError, ValueError,
)  # fmt: skip
"""What libraries raise for settings that do not suit an architecture."""


def reason(error: Exception) -> str:
    """A library's error on one line. A KeyError has only the missing key, so words are added."""
    text = " ".join(str(error).split())[:300]
    return f"there is no {text}" if isinstance(error, KeyError) else text or type(error).__name__


class Options(Settings):
    """The settings of one library. None stands for the architecture's own value."""

    instead: ClassVar[Mapping[str, str]] = {}
    """Arguments of the library that are refused, with what to write in their place."""
