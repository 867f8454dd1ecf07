"""Where a method or a mapping comes from, as tables and FIDELITY.md tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
