"""Checks of a network's arguments against its library's list of options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from lorvp.errors import InputError
from lorvp.networks.options.base import Options
from lorvp.text.problems import Problem, Where, describe, errors_of, merged
from lorvp.text.quoted import named


def checked_by(options: type[Options]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A validator that returns the arguments as they are.

    Raises:
        InputError: a setting is not on the list, or is of another type.
    """

    def checked(given: dict[str, Any]) -> dict[str, Any]:
        for key in given:
            if key in options.instead:
                raise InputError(f"model_kwargs: {key} has no place here; {options.instead[key]}")
        try:
            options.model_validate(given)
        except ValidationError as error:
            problems = [Problem(_key(e["loc"]), describe(e, options)) for e in errors_of(error)]
            told = [f"{named(p.where)}: {p.message}" for p in merged(problems)]
            raise InputError(f"model_kwargs: {'; '.join(told)}") from error
        return given

    return checked


def _key(loc: Where) -> Where:
    """Pydantic's location without the members of a union that pydantic tried."""
    return tuple(part for part in loc if isinstance(part, int) or part.isidentifier())
