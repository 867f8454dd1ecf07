"""Several prompts in one trial: contents that share a fit and a placement.

Each way in this folder says which prompt is for what: for which images, or for which classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from lorvp.prompts.base import Content, Fit, Placement, Prompt, Space
from lorvp.settings import Settings, Symbol

Number = Annotated[int, Symbol("v"), Field(ge=2, le=256)]


class Several(Settings):
    """The settings that all ways share. Each content is built with start values of its own."""

    number: Number = 3
    """The number of prompts."""

    def build(
        self, fit: Fit, content: Callable[[], Content], placement: Placement, space: Space
    ) -> Prompt:
        contents = [content() for _ in range(self.number)]
        return self.prompt(fit, Contents(contents), placement, space)

    def prompt(self, fit: Fit, contents: Contents, placement: Placement, space: Space) -> Prompt:
        raise NotImplementedError


class Contents(Content):
    """Several contents. ``forward`` is their mean, which is what pictures show."""

    def __init__(self, contents: Sequence[Content]) -> None:
        super().__init__()
        self.each = nn.ModuleList(contents)

    def all_NCHW(self) -> Tensor:
        return torch.stack([content() for content in self.each])

    def forward(self) -> Tensor:
        return self.all_NCHW().mean(0)


class InSeveralPasses(Prompt):
    """Every image goes through the network with each prompt in turn."""

    content: Contents

    def passes(self, canvas_BCHW: Tensor) -> list[Tensor]:
        return [self.placement.place(content(), canvas_BCHW) for content in self.content.each]

    def added(self, canvas_BCHW: Tensor) -> Tensor:
        """The mean over the passes."""
        return torch.stack([*torch.broadcast_tensors(*self.passes(canvas_BCHW))]).mean(0)

    def joined(self, outputs: Sequence[Tensor]) -> Tensor:
        """The mean, unless a subclass knows better."""
        return torch.stack([*outputs]).mean(0)


def sized(name: str) -> Callable[..., None]:
    """A hook that gives a buffer the shape of the one that is loaded: a prompt that nothing has
    been attached to does not know how wide features are, or how many classes there are."""

    def hook(prompt: nn.Module, state: dict[str, Tensor], prefix: str, *_: object) -> None:
        if (saved := state.get(prefix + name)) is not None:
            setattr(prompt, name, getattr(prompt, name).new_zeros(saved.shape))

    return hook
