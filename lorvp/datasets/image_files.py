"""The base classes of datasets of image files, with the splits that papers use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from lorvp.datasets.folders.listed import by_ending, unlisted_images
from lorvp.datasets.folders.not_used import NotUsed
from lorvp.datasets.folders.tree import Tree
from lorvp.datasets.pixels.files import ImageFiles
from lorvp.datasets.pixels.view import View
from lorvp.datasets.published import Found, RealDataset
from lorvp.datasets.source import Sizes
from lorvp.datasets.splits import Splits, coop_thirds, from_file, from_lists
from lorvp.settings import Name
from lorvp.text.printable import printable


class RealFiles(RealDataset, View):
    """A dataset of image files of any size."""

    broken: Literal["fail", "skip"] = "fail"
    """What happens to files that are no images. fail: preparation stops and names all of them.
    skip: they are left out and named in manifest.json."""

    listed: ClassVar[tuple[str, ...]] = ()
    """Folders whose images are named by lists of the dataset."""

    @property
    def stored(self) -> tuple[int, int]:
        return self.size, self.size

    @property
    def skips_broken(self) -> bool:
        return self.broken == "skip"

    def unlisted(self, found: Found, root: Path) -> NotUsed:
        """Images in ``listed`` folders that no list names."""
        if not self.listed:
            return {}
        assert isinstance(found.images, ImageFiles)
        return unlisted_images(found.images.files, root, self.listed, "no list names")

    def found(self, class_names: list[str], **parts: Sequence[tuple[Path, int]]) -> Found:
        """The published parts, each given as pairs of file and label."""
        pairs = [pair for part in parts.values() for pair in part]
        bounds = np.cumsum([0, *(len(part) for part in parts.values())])
        rows = [np.arange(a, b) for a, b in pairwise(bounds)]
        return Found(
            images=ImageFiles([Path(path) for path, _ in pairs], self),
            labels_N=np.array([label for _, label in pairs], dtype=np.int64),
            class_names=class_names,
            parts=dict(zip(parts, rows, strict=True)),
        )

    def found_in(
        self, tree: Tree, class_names: list[str], **parts: Sequence[tuple[Path, int]]
    ) -> Found:
        """As ``found``, for files that were found by walking through a folder."""
        return replace(self.found(class_names, **parts), not_used=tree.not_used)


class TestOnly(RealFiles):
    """Test images from elsewhere, for prompts that were trained on another dataset."""

    of: Name
    """A name under `datasets`, with all of the classes here: prompts trained on it are tested."""

    protocol: ClassVar[str] = "test only; the answer is the best of the classes that it has"

    def divide(self, found: Found) -> Splits:
        none = np.zeros(0, dtype=np.int64)
        return {"train": none, "val": none, "test": found.parts["test"]}


class CoopFiles(RealFiles):
    """A dataset that the prompting papers split as CoOp does (Zhou et al., IJCV 2022)."""

    split: str = Field(default="coop", pattern=r"^(coop|.*\.json)$")
    """``coop``: CoOp's sizes with a seeded draw of our own. A path to its ``split_zhou_*.json``:
    exactly its images."""
    val: float = Field(default=0.2, gt=0, lt=1)

    def reads(self) -> list[Path]:
        return super().reads() + [Path(self.split).expanduser()] * self.split.endswith(".json")

    def undivided(self, found: Found, splits: Splits) -> NotUsed:
        """Images that the split file does not name; a drawn split leaves none out."""
        return _left_out(found, splits, f"{printable(Path(self.split).name)} does not name")

    def divide(self, found: Found) -> Splits:
        if self.split.endswith(".json"):
            assert isinstance(found.images, ImageFiles)
            return from_file(Path(self.split).expanduser(), found.images.files)
        return super().divide(found)


class VptFiles(RealFiles):
    """A dataset of FGVC as VPT splits it (Jia et al., ECCV 2022): a tenth of the official train is
    held out."""

    split: str = Field(default="official", pattern=r"^(official|.*[/\\].*)$")
    """``official``: val is drawn from its train, as large as VPT's. A path to the folder that has
    VPT's ``train.json``, ``val.json`` and ``test.json``: exactly their images."""

    protocol: ClassVar[str] = "official test; val is a tenth of train as in VPT, drawn anew"

    def reads(self) -> list[Path]:
        return super().reads() + [Path(self.split).expanduser()] * (self.split != "official")

    def undivided(self, found: Found, splits: Splits) -> NotUsed:
        """Images that VPT's lists do not name; a drawn split leaves none out."""
        return _left_out(found, splits, "VPT's lists do not name")

    def divide(self, found: Found) -> Splits:
        if self.split != "official":
            assert isinstance(found.images, ImageFiles)
            return from_lists(Path(self.split).expanduser(), found.images.files)
        return super().divide(found)


class CoopThirds(CoopFiles):
    """A dataset whose test images CoOp draws too: 50 %, 20 % and 30 % of each class."""

    split: str = Field(default="coop", pattern=r"^(coop|official|.*\.json)$")
    """As above, or ``official``: the dataset's own parts."""

    def divide(self, found: Found) -> Splits:
        if self.split == "coop":
            return coop_thirds(found.labels_N, self.seed)
        return super().divide(found)

    def divided(self, sizes: Sizes) -> Sizes:
        if self.split == "official":
            return super().divided(sizes)
        total = sizes.train + sizes.val + sizes.test
        train, val = round(total * 0.5), round(total * 0.2)
        return Sizes(sizes.classes, train, val, total - train - val)


def _left_out(found: Found, splits: Splits, by: str) -> NotUsed:
    """Images in none of ``splits``."""
    assert isinstance(found.images, ImageFiles)
    rows = np.setdiff1d(np.arange(len(found.images)), np.concatenate([*splits.values()]))
    return by_ending([found.images.files[row] for row in rows], by)
