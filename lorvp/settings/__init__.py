"""What every settings class is made of: its base, types of values, choices, its origin."""

from lorvp.settings.base import (
    Settings,
    Symbol,
    parts,
    symbols,
)
from lorvp.settings.choices import (
    BY_KIND,
    OR_KIND_ALONE,
    ByKind,
    annotation_of,
    classes_in,
    takes_others,
)
from lorvp.settings.origin import (
    COUNTED_AS_THEY_ARE,
    Differs,
    Origin,
)
from lorvp.settings.values import (
    LARGEST,
    NAME,
    Batch,
    Count,
    Epochs,
    Name,
    NotNegative,
    PerClass,
    Positive,
    Seed,
    Template,
    is_reserved,
)

__all__ = [
    "BY_KIND",
    "COUNTED_AS_THEY_ARE",
    "LARGEST",
    "NAME",
    "OR_KIND_ALONE",
    "Batch",
    "ByKind",
    "Count",
    "Differs",
    "Epochs",
    "Name",
    "NotNegative",
    "Origin",
    "PerClass",
    "Positive",
    "Seed",
    "Settings",
    "Symbol",
    "Template",
    "annotation_of",
    "classes_in",
    "is_reserved",
    "parts",
    "symbols",
    "takes_others",
]
