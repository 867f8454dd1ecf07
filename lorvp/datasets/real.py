"""What the field's datasets share: raw files, published parts, fewer images where wanted."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from lorvp.datasets import archives as raw_files
from lorvp.datasets.archives import Archive
from lorvp.datasets.decoding import ImageFiles, View
from lorvp.datasets.source import Images, Sizes, Source
from lorvp.datasets.splits import Splits, coop_thirds, fewer, from_file, held_out
from lorvp.errors import InputError
from lorvp.settings import Name, Seed, Settings


@dataclass(frozen=True)
class Found:
    """What lies in the folder of raw files."""

    images: Images
    labels_N: np.ndarray
    class_names: list[str]
    parts: Splits
    """Rows of the published parts: train and test, and val where there is one."""


class RealDataset(Settings):
    """A dataset made by others. Its files are downloaded once, or taken from ``root``."""

    root: str | None = None
    """Folder that holds the raw files as their archives unpack (torchvision's ``root``); nothing
    is downloaded then. Unless given: the user's cache folder, or ``$LORVP_RAW``."""
    archives: list[Archive] = Field(default=[], validate_default=True)
    """Where the raw files are downloaded from, if not from their published addresses."""
    val: float = Field(default=0.1, gt=0, lt=1)
    """Share of each class's training images held out to choose epochs and settings, where the
    published split has no such part."""
    shots: int | None = Field(default=None, ge=1)
    """Training images of each class (few-shot); validation is then cut to at most four a class."""
    fraction: float | None = Field(default=None, gt=0, le=1)
    """Share of each class's training images that is used."""
    seed: Seed = 0
    """Of everything that is drawn: validation images, shots, fraction."""

    origin: ClassVar[str]
    layout: ClassVar[str]
    """What the folder of raw files should hold, for the message that says it does not."""
    protocol: ClassVar[str]
    """Whose parts these are, and where our use differs from the published one."""
    published: ClassVar[Sizes | None] = None
    """Sizes of the published parts; val is 0 where there is none."""

    @model_validator(mode="after")
    def _either_shots_or_fraction(self) -> RealDataset:
        if self.shots is not None and self.fraction is not None:
            raise ValueError("takes shots or fraction, not both")
        return self

    @model_validator(mode="after")
    def _downloads_nothing_in_vain(self) -> RealDataset:
        published = type(self).model_fields["archives"].default
        if self.root is not None and self.archives != published:
            raise ValueError("takes root or archives, not both: with root nothing is downloaded")
        return self

    @abstractmethod
    def read(self, root: Path) -> Found:
        """List the raw files in ``root``. Raises OSError or RuntimeError where they are not."""

    def source(self) -> Source:
        """Everything but the pixels, which are read when they are stored.

        Raises:
            InputError: a download failed, or the folder of raw files is not what it should be.
        """
        root = self.raw_folder()
        found = self._found(root)
        splits = fewer(self.divide(found), found.labels_N, self.shots, self.fraction, self.seed)
        return Source(
            images=found.images,
            labels_N=found.labels_N,
            splits=splits,
            class_names=found.class_names,
            origin=self.origin,
            protocol=self.protocol,
            skip_broken=self.skips_broken,
            root=root,
            facts={"settings": self.model_dump(mode="json", exclude={"root", "archives"})},
        )

    def raw_folder(self) -> Path:
        """Where the raw files lie; without ``root`` they are downloaded, unless they have been.

        Raises:
            InputError: a download failed, or there is no address to download from.
        """
        if self.root:
            return Path(self.root).expanduser()
        if not self.archives:
            raise InputError(
                f"cannot be downloaded; name the folder that has it with `root`: {self.layout}"
            )
        return raw_files.fetch(type(self).model_fields["kind"].default, self.archives)

    def _found(self, root: Path) -> Found:
        try:
            return self.read(root)
        except InputError:
            raise
        except (OSError, RuntimeError, LookupError, ValueError) as error:
            raise InputError(
                f"{root} does not hold {self.layout} ({str(error).splitlines()[0]})"
            ) from error

    def divide(self, found: Found) -> Splits:
        """The published parts; a share of train becomes val where there is none."""
        if "val" in found.parts:
            return found.parts
        return found.parts | held_out(found.parts["train"], found.labels_N, self.val, self.seed)

    def expected(self) -> Sizes | None:
        """Sizes after preparation, before anything is downloaded; to a rounding."""
        if self.published is None:
            return None
        classes, train, val, test = self.divided(self.published)
        if self.shots is not None:
            train = min(train, self.shots * classes)
            val = min(val, min(self.shots, 4) * classes)
        if self.fraction is not None:
            train = round(train * self.fraction)
        return Sizes(classes, train, val, test)

    def divided(self, sizes: Sizes) -> Sizes:
        """What ``divide`` does to the sizes."""
        if sizes.val or not sizes.train:
            return sizes
        val = round(sizes.train * self.val)
        return sizes._replace(train=sizes.train - val, val=val)

    @property
    def stored(self) -> tuple[int, int]:
        """Height and width of the stored images."""
        raise NotImplementedError

    @property
    def skips_broken(self) -> bool:
        return False


class RealFiles(RealDataset, View):
    """A dataset of image files of any size."""

    broken: Literal["fail", "skip"] = "fail"
    """Files that are no images: name all of them and stop, or leave them out and name them in
    manifest.json."""

    @property
    def stored(self) -> tuple[int, int]:
        return self.size, self.size

    @property
    def skips_broken(self) -> bool:
        return self.broken == "skip"

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
