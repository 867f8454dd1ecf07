"""Runners and trackers of other packages: the name of an entry point is the name in params.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from lorvp.errors import InputError
from lorvp.plugins.found import Found, found
from lorvp.settings import NAME


@dataclass(frozen=True)
class Others:
    """The objects of other packages in a group, beside our own."""

    group: str
    own: tuple[str, ...]
    """Names that are ours."""
    needs: tuple[str, ...]
    """What every object of the group has."""

    @property
    def places(self) -> dict[str, str]:
        """Where they lie (``package.module:name``), by name; without those that are refused."""
        return {each.point.name: _place(each) for each in found(self.group) if self._is_free(each)}

    def require_free(self) -> None:
        """Refuse a group in which a name is no name, is ours, or stands for two.

        Raises:
            InputError: with the package, and what would be right.
        """
        for each in found(self.group):
            if not self._is_free(each):
                raise InputError(
                    each.refusal(
                        f"whose name {each.point.name!r} should be one of letters, digits and _ "
                        "that nobody else has"
                    )
                )

    def resolved(self, places: Mapping[str, str], name: str) -> Any:
        """The object of this name, ours or another's.

        Raises:
            InputError: another package's cannot be imported, or is not what it should be.
        """
        known = {each.point.name: each for each in found(self.group) if self._is_free(each)}
        if (each := known.get(name)) is None:
            return resolve_name(places[name])
        try:
            resolved = resolve_name(places[name])
        except Exception as error:  # whatever a stranger's module does when it is imported
            raise InputError(each.not_imported(error)) from error
        if missing := [need for need in self.needs if not hasattr(resolved, need)]:
            raise InputError(each.refusal(f"which has no `{missing[0]}`, as all of them need"))
        return resolved

    def _is_free(self, each: Found) -> bool:
        name = each.point.name
        alone = [other.point.name for other in found(self.group)].count(name) == 1
        is_name = name.isidentifier() and re.fullmatch(NAME, name)
        return alone and name not in self.own and bool(is_name)


def _place(each: Found) -> str:
    return f"{each.point.module}:{each.point.attr}" if each.point.attr else each.point.module
