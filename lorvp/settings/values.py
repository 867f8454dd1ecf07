"""Types of values in params.yaml: names, and numbers with bounds."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

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
