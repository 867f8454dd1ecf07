"""`tune:` in a block of the grid: what is searched for each of its rows, and what that may cost."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from lorvp.settings import Seed, Settings

LARGEST = 1e6
MOST_CHOICES = 100


class Range(Settings):
    """All numbers between two."""

    low: float = Field(ge=-LARGEST, le=LARGEST)
    high: float = Field(ge=-LARGEST, le=LARGEST)
    log: bool = False
    """Whether 1 to 10 is searched as much as 10 to 100."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low should be below high (got {self.low:g} and {self.high:g})")
        if self.log and self.low <= 0:
            raise ValueError(f"a range with log: true begins above 0 (got {self.low:g})")
        return self


Choices = Annotated[list[Any], Field(min_length=1, max_length=MOST_CHOICES)]


class TuneConfig(Settings):
    """The search for settings. Any other key is a setting of the training, the method or the
    mapping, with a range or a list of choices; rows whose method has no such setting do without."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Range | Choices] = Field(init=False)  # type: ignore[reportIncompatibleVariableOverride]

    budget: int = Field(ge=1, le=1000)
    """Settings tried for each dataset, network, method and mapping. The first 16 of a budget of 32
    are those of a budget of 16."""
    stop_early: Literal["halving", "none"] = "halving"
    """halving: of the settings tried together, the better third goes on after a ninth and after a
    third of the epochs. none: all are trained to the end."""
    seeds: tuple[Seed, ...] = Field(default=(0,), min_length=1, max_length=100, strict=False)
    """Each setting is tried with these seeds, and their mean decides. The block's own seeds are for
    the trials of the chosen setting."""

    @property
    def keys(self) -> dict[str, Range | list[Any]]:
        """What is searched."""
        return self.__pydantic_extra__
