"""Networks of the user's own code: any ``nn.Module`` from images to logits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import AfterValidator, Field
from torch import nn

from lorvp.datasets.class_names import require_readable
from lorvp.errors import InputError
from lorvp.networks.agreement import agree
from lorvp.networks.interface import Interpolation
from lorvp.networks.libraries import python_modules
from lorvp.networks.libraries.checks import noise
from lorvp.networks.libraries.own_code import code_of
from lorvp.networks.manifest import Facts, Line
from lorvp.networks.options.allowed import checked_by
from lorvp.networks.options.python_options import PythonOptions
from lorvp.networks.sources.base import Made, PublishedConfig, digests
from lorvp.networks.sources.class_names import lines_of
from lorvp.networks.sources.timm import Colours, Deviations
from lorvp.networks.weights_file import fill, require_file
from lorvp.networks.weights_names import state_for

Names = Annotated[list[Line], Field(min_length=1, max_length=2**20)]


class PythonConfig(PublishedConfig):
    """A module of your own; the environment variable LORVP_CODE has to name its package."""

    kind: Literal["python"] = "python"
    build: str = Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$")
    """`package.module:name`, a class deriving from `nn.Module` or a function `-> nn.Module`."""
    kwargs: Annotated[dict[str, Any], AfterValidator(checked_by(PythonOptions))] = Field(default={})
    """Its arguments: plain values."""
    file: str | None = None
    """Its weights; without a file, those that it has when it is built."""
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")
    """SHA-256 of `file`; another file is refused."""
    input_size: int = Field(ge=8, le=2048)
    """Height and width in pixels."""
    mean: Colours
    """Of the images that it was trained on, in [0, 1]."""
    std: Deviations
    """As `mean`."""
    interpolation: Interpolation = "bilinear"
    """How its images were resized."""
    class_names: str | Names
    """In the order of the logits: a list, or the path of a text file with a name per line."""
    features: str | None = None
    """The layer whose input the features are, such as `backbone.fc`; it is looked for unless
    given."""

    def facts(self, source_names: Sequence[str] | None = None) -> Facts:
        """What is written here, and the hashes of the code."""
        return Facts(
            library="python",
            architecture=self.build,
            model_kwargs=self.kwargs,
            own_code=code_of(self.build),
            input_size=(self.input_size, self.input_size),
            mean=list(self.mean),
            std=list(self.std),
            interpolation=self.interpolation,
            class_names=self._names(),
            head=self.features,
            source=self.source(f"python:{self.build}"),
            source_sha256=self.sha256,
        )

    def _names(self) -> list[str]:
        found = lines_of(self.class_names) if isinstance(self.class_names, str) else None
        names = list(self.class_names) if found is None else found
        require_readable(names)
        return names

    def make(self, datasets: Path, device: str = "cpu") -> Made:
        facts = self.facts()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # where no file has its weights
            network = python_modules.build(facts)
            again = python_modules.build(facts)
        if self.file is not None:
            found = require_file(Path(self.file), self.sha256)
            state = state_for(network, Path(self.file), facts.architecture)
            fill(network, state, self.file, facts.architecture)
            facts = facts.model_copy(update={"source_sha256": found})
        _require_whole_state(network, again, facts)
        return Made(network, facts, f"{facts.source}, {len(facts.class_names)} classes")

    def inputs(self, datasets: Path) -> dict[str, Any]:
        names = self.class_names if isinstance(self.class_names, str) else None
        return digests(self.file, names) | {"own code": code_of(self.build)}


@torch.no_grad()
def _require_whole_state(network: nn.Module, again: nn.Module, facts: Facts) -> None:
    """Make sure that another one with the same weights is the same network.

    Raises:
        InputError: something in it is random, and not among its weights.
    """
    name = facts.architecture
    fill(again, network.state_dict(), name, name)
    x_BCHW = noise(facts)
    logits = [python_modules.logits_of(each.eval(), x_BCHW, facts) for each in (network, again)]
    if not agree(*logits):
        raise InputError(
            f"{name} gives other logits when it is built again with the same weights: something in "
            "it is random, and in no parameter or buffer"
        )
