"""VPT: trained tokens beside the image's own, inside a vision transformer.

Jia et al., "Visual Prompt Tuning" (ECCV 2022). Shallow: n tokens of width d stand between the
class token and the patches from the first block on. Deep: in front of every further block they
are replaced by n fresh ones. After the last block they are taken out again, which changes
nothing for networks that read the class token and keeps them out of the mean for the others
(our reading). Not a prompt on the image, but every table compares with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, cast

import torch
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.interface import Reads, Tokens
from lorvp.prompts.base import Canvas, Prompt
from lorvp.prompts.contents.zero import Zero
from lorvp.prompts.fits.resize import Resize
from lorvp.prompts.methods.base import Method
from lorvp.prompts.placements.everywhere import Everywhere
from lorvp.recipe import CosineConfig, SgdConfig, TrainingConfig
from lorvp.settings import Count, Differs, Origin, Symbol


class VptConfig(Method):
    """Puts trained tokens among those of a vision transformer, before its first block or before
    each.

    n d values, times the number of blocks if deep.
    """

    kind: Literal["vpt"] = "vpt"
    depth: Literal["shallow", "deep"] = "shallow"
    """Tokens before the first block only, or fresh ones before every block."""
    tokens: Annotated[Count, Symbol("n")] = 5
    """n; the code's default. The paper tunes it between 1 and 200."""

    origin: ClassVar[Origin] = Origin(
        paper="VPT, Jia et al., ECCV 2022, arXiv 2203.12119",
        formula="tokens beside those of norm(x) in a transformer",
        recipe="VPT's code; the rate is our choice of its grid",
        differs=(
            Differs("a rate of 0.5 as it is, not one of a grid times batch / 256"),
            Differs(
                "a new head starts as PyTorch's unless `lp` is told to start as VPT's (`start`)",
            ),
            Differs(
                "images normalised as the network was trained, not with ImageNet's mean and std",
            ),
            Differs(
                "crops of 224 from 256 pixels and flips, as for FGVC, only if they are asked for",
            ),
            Differs("no 10 epochs of warm-up; the rate falls at each step, not once an epoch"),
            Differs("weight decay on the head's bias too"),
        ),
    )

    @property
    def paper(self) -> TrainingConfig:
        return TrainingConfig(
            epochs=100,  # paper
            batch_size=128,  # code: configs/base-prompt.yaml
            optimizer=SgdConfig(momentum=0.9, weight_decay=1e-4),  # SGD; the paper searches both
            lr=0.5,  # our choice of the code's grid, whose rates are times batch_size / 256
            # Code: stepped once an epoch, we at each of its steps; its 10 epochs of warm-up need
            # steps: warmup_steps. For its fine-grained sets it crops 224 of 256 pixels and flips,
            # for VTAB it augments nothing.
            schedule=CosineConfig(),
        )

    def build(self, canvas: Canvas) -> Prompt:
        if canvas.tokens is None or canvas.patch is None:
            raise InputError(
                "vpt puts tokens into a plain vision transformer, and this network is none"
            )
        return VisualPromptTuning(
            Resize(canvas.size, canvas.interpolation),
            canvas.tokens,
            canvas.patch,
            self.tokens,
            self.depth == "deep",
        )


class VisualPromptTuning(Prompt):
    """The image stays as it is; ``tokens.values`` has the shape (blocks or 1, n, d)."""

    inside_network = True

    def __init__(self, fit: Resize, inside: Tokens, patch: int, number: int, deep: bool) -> None:
        super().__init__(fit, Zero(), Everywhere(fit.size), space="pixel")
        self.tokens = TokenTable(inside.blocks if deep else 1, number, inside.width, patch)

    def run(
        self, network: FrozenNetwork, canvas_BCHW: Tensor, added_BCHW: Tensor, reads: Reads
    ) -> Tensor:
        hooks = partial(self._inside, cast(Any, network.network))
        return network.run(canvas_BCHW, added_BCHW, reads, hooks)

    def account(self, network: FrozenNetwork) -> dict[str, str]:
        return network.account(inside=True)

    @contextmanager
    def _inside(self, inner: Any) -> Iterator[None]:
        """Put the tokens among those of a network in this block."""
        with ExitStack() as hooks:
            for number, block in enumerate(inner.blocks):
                if number < len(self.tokens.values):
                    insert = self._inserting(number, inner.num_prefix_tokens)
                    hooks.callback(block.register_forward_pre_hook(insert).remove)
            remove = self._removing(inner.num_prefix_tokens)
            hooks.callback(inner.blocks[-1].register_forward_hook(remove).remove)
            yield

    def _inserting(self, number: int, prefix: int) -> Any:
        """A hook before block ``number`` that puts its tokens behind the prefix, in place of the
        tokens of the block before."""

        def hook(block: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            x_BND, *others = given
            # The network may compute in bf16, and its layers take no two precisions at a time.
            own_BnD = self.tokens.values[number].to(x_BND.dtype).expand(x_BND.shape[0], -1, -1)
            rest = prefix + (own_BnD.shape[1] if number else 0)
            return torch.cat([x_BND[:, :prefix], own_BnD, x_BND[:, rest:]], dim=1), *others

        return hook

    def _removing(self, prefix: int) -> Any:
        """A hook after the last block that takes the tokens out."""
        number = self.tokens.values.shape[1]

        def hook(block: nn.Module, given: Any, x_BND: Tensor) -> Tensor:
            return torch.cat([x_BND[:, :prefix], x_BND[:, prefix + number :]], dim=1)

        return hook


class TokenTable(nn.Module):
    """Uniform in +-sqrt(6 / (3 P^2 + d)), as in the paper."""

    def __init__(self, blocks: int, number: int, width: int, patch: int) -> None:
        super().__init__()
        bound = (6 / (3 * patch**2 + width)) ** 0.5
        self.values = nn.Parameter(torch.empty(blocks, number, width).uniform_(-bound, bound))
