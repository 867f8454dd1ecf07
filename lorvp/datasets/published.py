"""The base class of published datasets: raw files, published parts, few-shot subsets."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from lorvp.datasets import download as raw_files
from lorvp.datasets.base import DatasetSettings
from lorvp.datasets.download import Archive
from lorvp.datasets.folders.not_used import NotUsed, facts
from lorvp.datasets.source import Images, Sizes, Source
from lorvp.datasets.splits import Splits, fewer, held_out
from lorvp.errors import InputError
from lorvp.settings import PerClass, Seed


@dataclass(frozen=True)
class Found:
    """What was found in the folder of raw files."""

    images: Images
    labels_N: np.ndarray
    class_names: list[str]
    parts: Splits
    """Rows of the published parts: train and test, and val where there is one."""
    not_used: NotUsed = field(default_factory=dict)
    """Files among the images that are not read."""
    notes: list[str] = field(default_factory=list)
    """Sentences about the images that the user should read."""


class RealDataset(DatasetSettings):
    """A dataset made by others. Its files are downloaded once, or taken from ``root``."""

    root: str | None = None
    """Folder that holds the raw files as their archives unpack (torchvision's ``root``); nothing
    is downloaded then. Unless given: the user's cache folder, or ``$LORVP_RAW``."""
    archives: list[Archive] = Field(default=[], validate_default=True)
    """Where the raw files are downloaded from, if not from their published addresses."""
    val: float = Field(default=0.1, gt=0, lt=1)
    """Share of each class's training images held out to choose epochs and settings, where the
    published split has no such part."""
    shots: PerClass | None = None
    """Training images of each class (few-shot). The validation set stays as it is."""
    val_shots: PerClass | None = None
    """Validation images of each class, at most. CoOp and what follows it (AttrVR, DVP, DGA, RVP)
    have as many as `shots`, but no more than 4: too few to choose an epoch by."""
    fraction: float | None = Field(default=None, gt=0, le=1)
    """Share of each class's training images that is used."""
    seed: Seed = 0
    """Of everything that is drawn: validation images, shots, fraction."""

    origin: ClassVar[str]
    layout: ClassVar[str]
    """What the folder of raw files should hold; quoted when it does not."""
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
        """List the raw files in ``root``. Raises OSError or RuntimeError if they are missing."""

    def source(self) -> Source:
        """Labels, splits and names of all images; pixels are read when they are stored.

        Raises:
            InputError: a download failed, or the folder of raw files is not what it should be.
        """
        root = self.raw_folder()
        found = self._found(root)
        whole = self.divide(found)
        rest = found.not_used | self.undivided(found, whole)
        splits = fewer(whole, found.labels_N, self.shots, self.fraction, self.seed, self.val_shots)
        return Source(
            images=found.images,
            labels_N=found.labels_N,
            splits=splits,
            class_names=found.class_names,
            origin=self.origin,
            protocol=self.protocol,
            skip_broken=self.skips_broken,
            root=root,
            facts={
                "settings": self.model_dump(mode="json", exclude={"root", "archives"}),
                "not_used": facts(rest, root),
                "notes": found.notes,
            },
        )

    def reads(self) -> list[Path]:
        return [Path(self.root).expanduser()] if self.root else []

    def raw_folder(self) -> Path:
        """The folder of the raw files; without ``root`` they are downloaded, unless they have been.

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
            found = self.read(root)
            return replace(found, not_used=found.not_used | self.unlisted(found, root))
        except InputError:
            raise
        except (OSError, RuntimeError, LookupError, ValueError) as error:
            raise InputError(
                f"{root} does not hold {self.layout} ({str(error).splitlines()[0]})"
            ) from error

    def unlisted(self, found: Found, root: Path) -> NotUsed:
        """Images that no list of the dataset names. Raises OSError if a folder cannot be read."""
        return {}

    def undivided(self, found: Found, splits: Splits) -> NotUsed:
        """Images that a list of splits does not name."""
        return {}

    def divide(self, found: Found) -> Splits:
        """The published parts; a share of train becomes val where there is none."""
        if "val" in found.parts:
            return found.parts
        return found.parts | held_out(found.parts["train"], found.labels_N, self.val, self.seed)

    def expected(self) -> Sizes | None:
        """Sizes after preparation, up to rounding, known before any download."""
        if self.published is None:
            return None
        return self.cut(self.divided(self.published))

    def cut(self, sizes: Sizes) -> Sizes:
        """The sizes that are left of these by ``shots``, ``val_shots`` and ``fraction``."""
        classes, train, val, test = sizes
        if self.shots is not None:
            train = min(train, self.shots * classes)
        if self.val_shots is not None:
            val = min(val, self.val_shots * classes)
        if self.fraction is not None:
            train = round(train * self.fraction)
        return Sizes(classes, train, val, test)

    def divided(self, sizes: Sizes) -> Sizes:
        """The sizes of the splits that ``divide`` makes."""
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
