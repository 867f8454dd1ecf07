"""A trial: one point of the grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationInfo, field_validator

from lorvp.mappings import MappingConfig
from lorvp.mappings.settings import MappingSettings
from lorvp.prompts.methods import MethodConfig
from lorvp.recipe import TrainingConfig
from lorvp.settings import Epochs, Name, Seed, Settings
from lorvp.text.quoted import shown

PAPER = "paper"
RECIPE = "recipe"
"""``training: paper``, or ``training: {recipe: paper, epochs: 20}`` to change some of it."""


class Trial(Settings):
    """Dataset x network x method x mapping x training settings x seed."""

    dataset: Name
    """A name under `datasets`: the target task."""
    network: Name
    """A name under `checkpoints`: the frozen network."""
    method: MethodConfig
    """The prompt."""
    mapping: MappingConfig
    """From source classes to target classes."""
    training: TrainingConfig = TrainingConfig()
    """How both are trained."""
    seed: Seed = 0
    """Seed of start values, order of images and sampled decisions."""

    @property
    def is_tried(self) -> bool:
        """Whether this is a setting that a search tries."""
        return False

    @property
    def stops_after(self) -> int | None:
        """Epochs after which it is stopped; None if it goes to its end."""
        return None

    @field_validator("mapping")
    @classmethod
    def _on_its_dataset(cls, mapping: MappingSettings, info: ValidationInfo) -> MappingSettings:
        """Files that a mapping names by the dataset are this dataset's."""
        dataset = info.data.get("dataset")
        return mapping.of_dataset(dataset) if isinstance(dataset, str) else mapping

    @field_validator("training", mode="before")
    @classmethod
    def _from_the_paper(cls, value: Any, info: ValidationInfo) -> Any:
        """Replace the word ``paper`` by the method's own settings; keys beside it win."""
        recipe = {RECIPE: value} if isinstance(value, str) else value
        if not isinstance(recipe, dict) or RECIPE not in recipe:
            return value
        if recipe[RECIPE] != PAPER:
            raise ValueError(f"there is no recipe {shown(recipe[RECIPE])}; there is: {PAPER}")
        written = {key: own for key, own in recipe.items() if key != RECIPE}
        method = info.data.get("method")
        if method is None:  # the method is wrong too, and has a message of its own
            return written
        if method.paper is None:
            raise ValueError(f"{method.kind} is from no paper; write its training settings")
        return method.paper.model_dump() | written


class Candidate(Trial):
    """A setting that a search tries. It sees no test image, and its record has no test accuracy.

    The grid cannot ask for one, and other trials have neither of these fields.
    """

    part: Literal["search"] = "search"
    stop_after: Epochs | None = None
    """Epochs after which it is stopped; its learning rates are those of a trial that goes on."""

    @property
    def is_tried(self) -> bool:
        return True

    @property
    def stops_after(self) -> int | None:
        return self.stop_after


@dataclass(frozen=True)
class Point:
    """A trial and its names in the tables. Names are not part of its identity."""

    trial: Trial
    method: str
    """Such as ``lor_vp r=4``."""
    mapping: str
    training: str
    """The swept training settings, such as ``lr=0.1``; empty if none is swept."""
    network: str = ""
    """The network's name if the experiment has several networks, else empty."""
    tuned: int | None = None
    """The number of settings that were tried to find this one; None if it was written down."""
    differs: tuple[str, ...] = ()
    """What its block of the grid does otherwise than the paper that it follows."""
    tags: tuple[str, ...] = ()
    """Words by which Prefect and W&B find it besides."""

    @property
    def name(self) -> str:
        """Such as ``lor_vp r=4 · ilm · digits · seed 0``."""
        words = [self.method, self.mapping, self.training, self.trial.dataset, self.network]
        return " · ".join([*filter(None, words), f"seed {self.trial.seed}"])
