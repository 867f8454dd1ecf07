"""Every settings object that a union stands for, found by looking at the union.

Required and defaulted fields that are choices themselves (a union of settings classes, or a
``Literal``) are varied; all others keep their defaults, which are the papers' values.
"""

from itertools import product
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from lorvp.errors import InputError
from lorvp.mappings import MappingConfig
from lorvp.prompts.contents import ContentConfig
from lorvp.prompts.methods import MethodConfig
from lorvp.prompts.placements import PlacementConfig
from lorvp.settings import Settings


def instances(annotation: Any) -> list[Any] | None:
    """The values to try for a field; None where its type is no finite choice."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return instances(get_args(annotation)[0])
    if origin is Literal:
        return list(get_args(annotation))
    if origin in (Union, UnionType):
        found = [instances(part) for part in get_args(annotation)]
        return None if None in found else [value for values in found for value in values]
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return _of_class(annotation)
    return None


def _of_class(cls: type[Settings]) -> list[Settings]:
    choices = {name: instances(field.annotation) for name, field in cls.model_fields.items()}
    varied = {name: values for name, values in choices.items() if values is not None}
    return [cls(**dict(zip(varied, values, strict=True))) for values in product(*varied.values())]


def name(settings: Settings) -> str:
    """The kinds and other words in these settings, such as ``compose-free-border-pixel``."""
    values = [getattr(settings, field) for field in type(settings).model_fields]
    words = [v if isinstance(v, str) else name(v) for v in values if isinstance(v, str | Settings)]
    return "-".join(words)


METHODS = instances(MethodConfig)
MAPPINGS = instances(MappingConfig)
PARTS = instances(ContentConfig) + instances(PlacementConfig)


def _fits(method: Any, side: int) -> bool:
    try:
        method.build((side, side))
    except InputError:
        return False
    return True


SIDE = next(side for side in (64, 128, 224) if all(_fits(method, side) for method in METHODS))
SIZE = (SIDE, SIDE)
"""The smallest canvas on which all the defaults fit; the papers', 224, takes 12 times as long."""

# Every method and every mapping at least once: they take turns until both lists are through.
PAIRS = [
    (METHODS[i % len(METHODS)], MAPPINGS[i % len(MAPPINGS)])
    for i in range(max(len(METHODS), len(MAPPINGS)))
]


def pair_name(value: Any) -> str:
    return " with ".join(name(part) for part in value)
