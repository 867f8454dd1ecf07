"""What the field's datasets of image files share, and the splits that its papers use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from lorvp.datasets.folders.listed import beyond, by_ending
from lorvp.datasets.folders.not_used import NotUsed
from lorvp.datasets.folders.tree import Tree
from lorvp.datasets.pixels.files import ImageFiles
from lorvp.datasets.pixels.view import View
from lorvp.datasets.published import Found, RealDataset
from lorvp.datasets.source import Sizes
from lorvp.datasets.splits import Splits, coop_thirds, from_file
from lorvp.settings import Name
from lorvp.text.printable import printable


class RealFiles(RealDataset, View):
    """A dataset of image files of any size."""

    broken: Literal["fail", "skip"] = "fail"
    """Files that are no images: name all of them and stop, or leave them out and name them in
    manifest.json."""

    listed: ClassVar[tuple[str, ...]] = ()
    """Folders of raw files of which lists say what images there are."""

    @property
    def stored(self) -> tuple[int, int]:
        return self.size, self.size

    @property
    def skips_broken(self) -> bool:
        return self.broken == "skip"

    def unlisted(self, found: Found, root: Path) -> NotUsed:
        """Looked for only where there are lists: a folder without one is read in full."""
        if not self.listed:
            return {}
        assert isinstance(found.images, ImageFiles)
        return beyond(found.images.files, root, self.listed, "no list names")

    def found(self, class_names: list[str], **parts: Sequence[tuple[Path, int]]) -> Found:
        """From the published parts as pairs of file and label."""
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
        """The same where no list, but the folder itself, says which files there are."""
        return replace(self.found(class_names, **parts), not_used=tree.not_used)


class TestOnly(RealFiles):
    """Test images from elsewhere, for prompts that were trained on another dataset."""

    of: Name
    """A name under `datasets`: what the prompts were trained on that are tested here. All classes
    here are classes there."""

    protocol: ClassVar[str] = "test only; the answer is the best of the classes that it has"

    def divide(self, found: Found) -> Splits:
        none = np.zeros(0, dtype=np.int64)
        return {"train": none, "val": none, "test": found.parts["test"]}


class CoopFiles(RealFiles):
    """A dataset whose split the prompting papers took from CoOp (Zhou et al., IJCV 2022)."""

    split: str = Field(default="coop", pattern=r"^(coop|.*\.json)$")
    """``coop``: CoOp's sizes with a seeded draw of our own. A path to its ``split_zhou_*.json``:
    exactly its images."""
    val: float = Field(default=0.2, gt=0, lt=1)

    def reads(self) -> list[Path]:
        return super().reads() + [Path(self.split)] * self.split.endswith(".json")

    def undivided(self, found: Found, splits: Splits) -> NotUsed:
        """What a split file leaves out; a split that is drawn leaves nothing."""
        assert isinstance(found.images, ImageFiles)
        rows = np.setdiff1d(np.arange(len(found.images)), np.concatenate([*splits.values()]))
        files = [found.images.files[row] for row in rows]
        return by_ending(files, f"{printable(Path(self.split).name)} does not name")

    def divide(self, found: Found) -> Splits:
        if self.split.endswith(".json"):
            assert isinstance(found.images, ImageFiles)
            return from_file(Path(self.split), found.images.files)
        return super().divide(found)


class CoopThirds(CoopFiles):
    """One of those of which CoOp also draws the test images: 50 %, 20 % and 30 % of each class."""

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
