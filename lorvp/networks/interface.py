"""What prompts and mappings need to know of a network before its weights are loaded."""

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
    """Sizes of a plain vision transformer."""

    width: int
    blocks: int


@dataclass(frozen=True)
class Canvas:
    """A network's input, on which fits lay images and prompts are added."""

    size: Size
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    """The mean colour in [0, 1], which the network's normalisation turns into 0."""
    patch: int | None = None
    """Side of the square patches a network cuts its input into; None where it does not."""
    tokens: Tokens | None = None
    """None where the network is no plain vision transformer."""
    interpolation: Interpolation = "bilinear"
    """How the network's own images were resized."""


@dataclass(frozen=True)
class Ends:
    """What a mapping connects: source classes or features, and target classes."""

    source_names: tuple[str, ...]
    """Names of the network's own classes, in the order of its logits."""
    features: int
    """D, the number of features that the network's classifier reads; 0 if it has none that another
    classifier could read."""
    target_names: tuple[str, ...]
    """Names of the classes that we adapt to."""
    text: bool = False
    """Whether the network has a text encoder."""

    @property
    def source_classes(self) -> int:
        """S, the number of the network's own classes."""
        return len(self.source_names)

    @property
    def target_classes(self) -> int:
        """K, the number of classes that we adapt to."""
        return len(self.target_names)

    def require_sources(self, kind: str, per_target: int = 1) -> None:
        """Refuse a mapping that gives each target class its own source classes if they are too few.

        Raises:
            InputError: the network has fewer classes than the mapping needs.
        """
        needed = per_target * self.target_classes
        if self.source_classes < needed:
            own = "its own source class" if per_target == 1 else f"{per_target} source classes"
            raise InputError(
                f"mapping {kind!r} gives each of the {self.target_classes} target classes "
                f"{own}, but the network has {self.source_classes}; use fm or lp"
            )

    def require_features(self, kind: str) -> None:
        """Refuse a mapping that reads features if the network has none.

        Raises:
            InputError: only the network's logits are known.
        """
        if not self.features:
            raise InputError(
                f"mapping {kind!r} reads what the network's last layer reads, and this network's "
                "logits are not those of a linear layer over features; use a mapping that reads "
                "logits (fm, ilm, blm, …), or name the layer as `features` of a checkpoint of "
                "kind python"
            )

    def require_text(self, kind: str, otherwise: str = "") -> None:
        """Refuse a mapping that reads class names if the network reads no text.

        Raises:
            InputError: the network has no text encoder.
        """
        if not self.text:
            raise InputError(
                f"mapping {kind!r} compares class names through the network's text encoder, "
                f"and this network has none; it takes a CLIP-like one{otherwise}"
            )


def patch_of(network: nn.Module) -> int | None:
    """The side of the squares into which a network cuts its input; None where it does not.

    A convolution that reads the image cuts it if its squares neither overlap nor leave gaps.
    Hybrids cut the output of another network instead, and some networks cut the image in two ways.
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
    words = [in_words(name) for name in names]
    return tuple(template.replace("{}", word) for template in templates for word in words)


def in_words(name: str) -> str:
    """A class's name as it stands in a sentence."""
    return name.lower().replace("_", " ").replace("-", " ")


def tokens_of(network: nn.Module) -> Tokens | None:
    """Width and depth of a plain vision transformer of timm's, into which tokens can be put.

    Its relatives (BEiT, CaiT, EVA, …) tie attention to the places of the patches, or add the class
    token later. They are other classes in timm, told apart by name since importing timm is slow.
    """
    if "VisionTransformer" not in {cls.__name__ for cls in type(network).__mro__}:
        return None
    return Tokens(int(network.embed_dim), len(network.blocks))  # type: ignore[arg-type]
