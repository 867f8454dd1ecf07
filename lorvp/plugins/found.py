"""Which entry points other packages have for us. Nothing of these packages is imported here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import (
    Distribution,
    EntryPoint,
    PackageNotFoundError,
    distributions,
    entry_points,
    version,
)

OWN = "lorvp"
KINDS = (
    "lorvp.methods", "lorvp.contents", "lorvp.placements", "lorvp.fits", "lorvp.several",
    "lorvp.mappings", "lorvp.datasets", "lorvp.checkpoints",
)  # fmt: skip
"""Groups whose entry points are settings classes, each with a ``kind`` of its own."""


@dataclass(frozen=True)
class Found:
    """An entry point of another package."""

    group: str
    point: EntryPoint
    distribution: str
    """The name under which the package is installed."""
    version: str

    @property
    def package(self) -> str:
        """Such as ``lorvp-ripple 0.1.0``."""
        return f"{self.distribution} {self.version}"

    def refusal(self, reason: str) -> str:
        """What is wrong with it, and what to do."""
        return (
            f"the package {self.package} has the entry point `{self.point.name} = "
            f"{self.point.value}` in the group {self.group}, {reason}. Correct the package, or "
            f"uninstall it: `pip uninstall {self.distribution}` (`uv pip uninstall …` with uv)"
        )

    def not_imported(self, error: Exception) -> str:
        """The refusal of one whose module does not come to its end, or has no such name."""
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        return self.refusal(f"which cannot be imported ({reason})")


@cache
def found(group: str) -> tuple[Found, ...]:
    """The entry points of a group, in the order of their packages' names."""
    every = (_found(group, point) for point in entry_points(group=group))
    return tuple(sorted(every, key=lambda each: (each.distribution, each.point.name)))


def _found(group: str, point: EntryPoint) -> Found:
    distribution = point.dist
    assert distribution is not None, "it was found in one"
    return Found(group, point, distribution.metadata["Name"], distribution.version)


def every() -> Iterator[Found]:
    """The entry points of all groups of kinds."""
    for group in KINDS:
        yield from found(group)


@cache
def with_kinds() -> dict[str, Distribution]:
    """The installed packages that have such entry points, by name."""
    names = {each.distribution for each in every()}
    return {d.metadata["Name"]: d for d in distributions() if d.metadata["Name"] in names}


def installed_version(distribution: str) -> str | None:
    """The version of an installed package; None if it is not installed."""
    try:
        return version(distribution)
    except (PackageNotFoundError, ValueError):  # the name may come from anybody
        return None


def forget() -> None:
    """Look again, for tests that install packages while the process runs."""
    found.cache_clear()
    with_kinds.cache_clear()
