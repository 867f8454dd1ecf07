"""Names of the ImageNet classes: short, and no two the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from timm.data.imagenet_info import ImageNetInfo

SUBSETS = {
    "imagenet-1k": 1000,
    "imagenet-21k-miil": 11221,
    "imagenet-12k": 11821,
    "imagenet-22k": 21841,
    "imagenet-22k-ms": 21842,
    "imagenet-21k-goog": 21843,
}
"""timm's names of the sets of classes, and how many classes each has, all different."""


def imagenet_synsets(subset: str = "imagenet-1k") -> list[str]:
    """WordNet's identifiers (n01440764) in the order of the logits."""
    return list(_info(subset).label_names())


def imagenet_names(subset: str = "imagenet-1k") -> list[str]:
    """A name for each class in the order of the logits, as ``synset_names`` has them."""
    return synset_names(imagenet_synsets(subset))


def synset_names(synsets: Sequence[str]) -> list[str]:
    """A name for each of ImageNet's synsets.

    Its first word; where two classes share it, all its words; where they share those as well
    (crane the bird and crane the machine), the identifier besides.
    """
    known = _info("imagenet-1k")  # it has the words of all subsets
    words = [known.label_name_to_description(synset) for synset in synsets]
    short = [all_words.split(", ")[0] for all_words in words]
    shared, alike = Counter(short), Counter(words)
    rows = zip(synsets, words, short, strict=True)
    return [_name(synset, w, s, shared[s] > 1, alike[w] > 1) for synset, w, s in rows]


def names_by_number(classes: int) -> list[str] | None:
    """Names of the ImageNet subset that has this number of classes; None if no subset has it."""
    subset = {number: name for name, number in SUBSETS.items()}.get(classes)
    return imagenet_names(subset) if subset else None


def _name(synset: str, words: str, short: str, shared: bool, alike: bool) -> str:
    if not shared:
        return short
    return f"{words} ({synset})" if alike else words


@cache
def _info(subset: str) -> ImageNetInfo:
    from timm.data.imagenet_info import ImageNetInfo  # 5 s: imported where it is really used

    assert subset in SUBSETS, f"{subset} is none of {list(SUBSETS)}"
    return ImageNetInfo(subset)
