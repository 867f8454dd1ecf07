"""A colour, a shape and a dash for each method: the same in every picture of every experiment.

The first word of a row's name is its family (``lor_vp`` of ``lor_vp r=4``). A family has the colour
that is set down here, or one by a hash of its name. The first row of a family has that colour, the
others differ from it in lightness, shape and dash by hashes of their names. So a row that is added
behind others changes none of them, and one of another family none at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import altair as alt

BLACK = "#000000"
# Okabe and Ito, https://jfly.uni-koeln.de/color/, without the yellow, which is lost on white paper.
# Neighbours in this order also differ in lightness, so that they differ in a grey print.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
HOMES = {"lor_vp": 0, "pad": 1, "patch_free": 2, "full": 2, "adavipro": 3, "lor_vp_regions": 4}
"""Colours of the families that most experiments compare, so that they differ."""
# One more shape than colours: 7 x 8 pairs before one repeats.
SHAPES = (
    "circle", "square", "triangle-up", "diamond",
    "triangle-down", "cross", "triangle-left", "triangle-right",
)  # fmt: skip
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
TONES = (0.0, -0.35, 0.4, -0.6)
"""Shares of white, or below 0 of black, that are mixed into the colour of a family."""


@dataclass(frozen=True)
class Look:
    """How a row is drawn."""

    colour: str
    shape: str
    dash: list[int]


def looks(names: Sequence[str]) -> list[Look]:
    """The look of each row, from its name and those of its family before it."""
    taken: dict[str, set[int]] = {}
    return [_look(name, _free(name, taken.setdefault(family(name), set()))) for name in names]


def family(name: str) -> str:
    return name.split(" ", 1)[0]


def _free(name: str, taken: set[int]) -> int:
    """0 for the first row of a family, then the first free variant from the one by the hash."""
    variants = len(TONES) * len(DASHES)
    start = crc32(name.encode()) if taken else 0
    order = [(start + step) % variants for step in range(variants)]
    variant = next((one for one in order if one not in taken), order[0])
    taken.add(variant)
    return variant


def _look(name: str, variant: int) -> Look:
    own = family(name)
    home = HOMES.get(own, crc32(own.encode()) % len(COLOURS))
    colour = BLACK if own == "none" else mixed(COLOURS[home], TONES[variant % len(TONES)])
    shape = SHAPES[(home + variant) % len(SHAPES)]
    return Look(colour, shape, DASHES[(home + variant // len(TONES)) % len(DASHES)])


def mixed(colour: str, tone: float) -> str:
    """The colour with a share of white, or of black where ``tone`` is negative."""
    towards = 255 if tone > 0 else 0
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(one + (towards - one) * abs(tone)):02X}" for one in parts)


def colour_of(names: Sequence[str], field: str = "method", **options) -> alt.Color:
    """The colour of each method, in the order of ``names``, which is also the legend's."""
    scale = alt.Scale(domain=list(names), range=[look.colour for look in looks(names)])
    return alt.Color(f"{field}:N", scale=scale, **options)


def shape_of(names: Sequence[str], field: str = "method", **options) -> alt.Shape:
    """The shape of each method; it shares one legend with `colour_of` of the same names."""
    scale = alt.Scale(domain=list(names), range=[look.shape for look in looks(names)])
    return alt.Shape(f"{field}:N", scale=scale, **options)


def dash_of(names: Sequence[str], field: str = "method", **options) -> alt.StrokeDash:
    """The dash of each method."""
    scale = alt.Scale(domain=list(names), range=[look.dash for look in looks(names)])
    return alt.StrokeDash(f"{field}:N", scale=scale, **options)
