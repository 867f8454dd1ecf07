"""What prompts and mappings need to know of a network before they meet its weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from torch import nn

from lorvp.errors import InputError
from lorvp.images import Size

Reads = Literal["logits", "features"]
"""Which output of the network a mapping starts from."""

Interpolation = Literal["bilinear", "bicubic"]
"""How images are brought to the size that a network reads."""


class Tokens(NamedTuple):
    """What a plain vision transformer computes with."""

    width: int
    blocks: int


@dataclass(frozen=True)
class Canvas:
    """A network's input, on which fits lay images and prompts are added."""

    size: Size
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    """Of the network's normalisation, in [0, 1]; it becomes 0."""
    patch: int | None = None
    """Side of the square patches a network cuts its input into; None where it does not."""
    tokens: Tokens | None = None
    """None where the network is no plain vision transformer."""
    interpolation: Interpolation = "bilinear"
    """What the network's own images were resized with."""


@dataclass(frozen=True)
class Ends:
    """What a mapping has to connect."""

    source_names: tuple[str, ...]
    """Of the network's own classes, in the order of its logits."""
    features: int
    """D: the width of what the network's classifier reads."""
    target_names: tuple[str, ...]
    """Of the classes we adapt to."""
    text: bool = False
    """Whether the network has a text encoder."""

    @property
    def source_classes(self) -> int:
        """S."""
        return len(self.source_names)

    @property
    def target_classes(self) -> int:
        """K."""
        return len(self.target_names)

    def require_sources(self, kind: str, per_target: int = 1) -> None:
        """Mappings that give every target class source classes of its own need enough of them."""
        needed = per_target * self.target_classes
        if self.source_classes < needed:
            own = "its own source class" if per_target == 1 else f"{per_target} source classes"
            raise InputError(
                f"mapping {kind!r} gives each of the {self.target_classes} target classes "
                f"{own}, but the network has {self.source_classes}; use fm or lp"
            )

    def require_text(self, kind: str) -> None:
        """Mappings that read class names need a network that reads text."""
        if not self.text:
            raise InputError(
                f"mapping {kind!r} compares class names through the network's text encoder, "
                "and this network has none; it takes a CLIP-like one"
            )


def patch_of(network: nn.Module) -> int | None:
    """The side of the squares into which a network cuts its input; None where it does not.

    The convolution that reads the image tells: its squares neither overlap nor leave gaps. Hybrids
    cut the output of another network instead, and some networks cut the image twice, differently.
    """
    convolutions = [part for part in network.modules() if isinstance(part, nn.Conv2d)]
    sides = {_side(part) for part in convolutions if part.in_channels == 3}
    return sides.pop() if len(sides) == 1 else None


def _side(convolution: nn.Conv2d) -> int | None:
    height, width = convolution.kernel_size
    cuts = convolution.kernel_size == convolution.stride and height == width > 1
    return height if cuts else None


def filled(templates: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Every template with every name in place of {}: all names in the first template, and so on.

    Names are lower-cased, and _ and - become spaces, as in the codes of VP and ILM-VP.
    """
    words = [name.lower().replace("_", " ").replace("-", " ") for name in names]
    return tuple(template.replace("{}", word) for template in templates for word in words)


def tokens_of(network: nn.Module) -> Tokens | None:
    """Width and depth of a plain vision transformer of timm's, into which tokens can be put.

    Its relatives (BEiT, CaiT, EVA, …) tie attention to the places of the patches, or add the class
    token later; they are classes of their own in timm, found out by name, as importing it is slow.
    """
    if "VisionTransformer" not in {cls.__name__ for cls in type(network).__mro__}:
        return None
    return Tokens(int(network.embed_dim), len(network.blocks))  # type: ignore[arg-type]
