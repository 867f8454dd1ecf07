"""Every settings object that a union stands for, found by looking at the union.

Words to choose from (a ``Literal``) and what a field gives as ``Field(examples=[…])`` are varied
one field at a time; all other fields keep their defaults, which are the papers' values. A class
that composes other settings is tried with every pair of their kinds, and what it refuses is set
aside: tests/unit/prompts/test_compose.py tells what.
"""

from collections.abc import Iterator
from itertools import combinations, product
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from lorvp.errors import InputError
from lorvp.mappings import MappingConfig
from lorvp.networks.interface import Canvas
from lorvp.prompts.contents import ContentConfig
from lorvp.prompts.fits import FitConfig
from lorvp.prompts.methods import MethodConfig
from lorvp.prompts.placements import PlacementConfig
from lorvp.prompts.several import SeveralConfig
from lorvp.settings import Settings, annotation_of, classes_in
from tests.support.tiny import tiny_network


def instances(union: Any) -> list[Settings]:
    """The settings to try of each class of a union, those of other packages too."""
    return [settings for cls in classes_in(union) for settings in _of_class(cls)]


def _of_class(cls: type[Settings]) -> list[Settings]:
    fields = cls.model_fields
    composed = {name: kinds for name, field in fields.items() if (kinds := _kinds(field))}
    words = {name: found for name, field in fields.items() if (found := _words(field))}
    rows = _in_pairs(composed | words) if composed else _one_at_a_time(cls, words)
    return [made for row in rows if (made := _made(cls, row)) is not None]


def _kinds(field: FieldInfo) -> list[Settings]:
    """Each settings class that a field may hold, with its defaults."""
    classes = classes_in(annotation_of(field))
    return [made for cls in classes if (made := _made(cls, {})) is not None]


def _words(field: FieldInfo) -> list[Any]:
    """What a field is tried with; nothing where its default is all that there is."""
    found = field.examples or _choices(field.annotation)
    return found if len(found) > 1 or field.is_required() else []


def _choices(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return _choices(get_args(annotation)[0])
    return list(get_args(annotation)) if get_origin(annotation) is Literal else []


def _one_at_a_time(cls: type[Settings], varied: dict[str, list]) -> list[dict]:
    fields = {name: cls.model_fields[name] for name in varied}
    defaults = {n: varied[n][0] if f.is_required() else f.default for n, f in fields.items()}
    rows = [defaults | {name: value} for name, values in varied.items() for value in values]
    return [row for i, row in enumerate(rows) if row not in rows[:i]] or [{}]


def _in_pairs(varied: dict[str, list]) -> list[dict]:
    """Few rows in which every two values of every two fields meet."""
    waiting = {
        frozenset([(a, i), (b, j)])
        for a, b in combinations(varied, 2)
        for i, j in product(range(len(varied[a])), range(len(varied[b])))
    }
    rows = []
    # Rows are taken in order, those that bring most new pairs first.
    candidates = [dict(zip(varied, row, strict=True)) for row in product(*_indices(varied))]
    pairs = {i: set(_pairs(row)) for i, row in enumerate(candidates)}
    while waiting:
        best = max(pairs, key=lambda i: len(pairs[i] & waiting))
        waiting -= pairs.pop(best)
        rows.append({name: varied[name][i] for name, i in candidates[best].items()})
    return rows


def _indices(varied: dict[str, list]) -> list[range]:
    return [range(len(values)) for values in varied.values()]


def _pairs(row: dict[str, int]) -> Iterator[frozenset]:
    return (frozenset(pair) for pair in combinations(row.items(), 2))


def _made(cls: type[Settings], fields: dict) -> Settings | None:
    try:
        return cls(**fields)
    except ValidationError:
        return None


def name(settings: Settings) -> str:
    """The kinds and other words in these settings, such as ``compose-free-border-pixel``."""
    values = [getattr(settings, field) for field in type(settings).model_fields]
    words = [v if isinstance(v, str) else name(v) for v in values if isinstance(v, str | Settings)]
    return "-".join(words)


SIZE = (224, 224)
"""The papers' canvas: the only one on which every default fits."""
CANVAS: Canvas = tiny_network(SIZE).canvas


def _fits(method: Any) -> bool:
    try:
        method.build(CANVAS)
    except InputError:
        return False
    return True


ASKED = instances(MethodConfig)
METHODS = [method for method in ASKED if _fits(method)]
MAPPINGS = instances(MappingConfig)
PARTS = [
    made
    for union in (ContentConfig, PlacementConfig, FitConfig, SeveralConfig)
    for made in instances(union)
]

# Every method and every mapping at least once: they take turns until both lists are through.
PAIRS = [
    (METHODS[i % len(METHODS)], MAPPINGS[i % len(MAPPINGS)])
    for i in range(max(len(METHODS), len(MAPPINGS)))
]


def pair_name(value: Any) -> str:
    return " with ".join(name(part) for part in value)
