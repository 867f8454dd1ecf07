"""Settings classes of other packages as further choices, once they are what ours are.

    MethodConfig = Annotated[NoneConfig | PadConfig, by_kind("lorvp.methods"), OR_KIND_ALONE]

is a choice among both classes and those that the entry points of the group `lorvp.methods` name.
"""

from __future__ import annotations

from functools import cache, partial
from inspect import isfunction
from typing import Any, get_args

from lorvp.errors import InputError
from lorvp.plugins.found import Found, found
from lorvp.settings import ByKind, Settings

Classes = tuple[type[Settings], ...]


def by_kind(group: str) -> ByKind:
    """For the union of our own classes, whose list the entry points of ``group`` go on."""
    return ByKind(partial(others, group))


@cache
def others(group: str, own: Classes) -> Classes:
    """The classes that entry points name, as far as they could stand in the union of ``own``.

    Raises:
        InputError: an entry point cannot be imported, or names something else; with its package,
            and what would be right.
    """
    taken = {_kind(cls): "lorvp" for cls in own}
    classes = []
    for each in found(group):
        cls = _class(each, own)
        if (owner := taken.get(_kind(cls))) is not None:
            raise InputError(
                each.refusal(f"whose kind {_kind(cls)!r} {owner} has already: give it another one")
            )
        taken[_kind(cls)] = each.package
        classes.append(cls)
    return tuple(classes)


def _class(each: Found, own: Classes) -> type[Settings]:
    named, base = _imported(each), _base(own)
    if not (isinstance(named, type) and issubclass(named, base)):
        raise InputError(
            each.refusal(f"which should be a class deriving from {base.__module__}.{base.__name__}")
        )
    if missing := [name for name in _promised(own) if not callable(getattr(named, name, None))]:
        raise InputError(each.refusal(f"which has no `{missing[0]}`, as every class there needs"))
    if not isinstance(_kind(named), str) or not _says_its_kind(named):
        example = each.point.name
        raise InputError(
            each.refusal(f'which needs a field `kind: Literal["{example}"] = "{example}"`')
        )
    return named


def _imported(each: Found) -> Any:
    try:
        return each.point.load()
    except Exception as error:  # whatever a stranger's module does when it is imported
        raise InputError(each.not_imported(error)) from error


def _base(own: Classes) -> type[Settings]:
    """The class nearest to them from which all of ours derive."""
    return next(cls for cls in own[0].__mro__ if all(issubclass(other, cls) for other in own))


def _promised(own: Classes) -> list[str]:
    """The names of the methods that all of ours have, and settings in general do not."""
    shared = set.intersection(*(_methods(cls) for cls in own))
    return sorted(shared - _methods(Settings))


def _methods(cls: type) -> set[str]:
    return {
        name
        for parent in cls.__mro__
        for name, value in vars(parent).items()
        if isfunction(value) and not name.startswith("_")
    }


def _kind(cls: type[Settings]) -> Any:
    field = cls.model_fields.get("kind")
    return field.default if field else None


def _says_its_kind(cls: type[Settings]) -> bool:
    return get_args(cls.model_fields["kind"].annotation) == (_kind(cls),)
