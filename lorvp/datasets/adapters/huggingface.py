"""Datasets of the Hugging Face hub, through its own library (``lorvp[huggingface]``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from lorvp.datasets.folders.class_folders import class_names
from lorvp.datasets.image_files import RealFiles
from lorvp.datasets.pixels.decoding import decode
from lorvp.datasets.pixels.files import BROKEN, BrokenImageError, file_bytes, why
from lorvp.datasets.pixels.view import View
from lorvp.datasets.published import Found
from lorvp.errors import InputError
from lorvp.text.printable import printable


class HuggingfaceConfig(RealFiles):
    """Any dataset of the hub with images and labels (`uv sync --extra huggingface`).

    Only data is loaded: datasets that come with code of their own are refused by the library.
    """

    kind: Literal["huggingface"] = "huggingface"
    path: str = Field(min_length=1)
    """Its name on the hub, such as ``uoft-cs/cifar10``, or a local folder of the same form."""
    name: str | None = None
    """The configuration, where there are several."""
    revision: str | None = None
    """A commit of the hub; without one, the same name may mean other images tomorrow."""
    image: str = "image"
    """The column of images."""
    label: str = "label"
    """The column of labels."""
    train: str = "train"
    """The split to train on; without ``validation``, validation images are held out of it."""
    validation: str | None = None
    test: str = "test"

    @model_validator(mode="after")
    def _comes_from_the_hub(self) -> HuggingfaceConfig:
        if self.root is not None or self.archives:
            raise ValueError("takes `path`, and neither root nor archives")
        return self

    origin: ClassVar[str] = "the Hugging Face hub"
    layout: ClassVar[str] = "a dataset of the Hugging Face hub"
    protocol: ClassVar[str] = "the splits of the hub; val is held out of train unless named"

    def raw_folder(self) -> Path:
        """``path``, which may be a local folder; the library downloads what is not."""
        return Path(self.path)

    def reads(self) -> list[Path]:
        folder = self.raw_folder()
        return [folder] if folder.exists() else []

    def read(self, root: Path) -> Found:
        wanted = {"train": self.train, "val": self.validation, "test": self.test}
        splits = _load(self, [split for split in wanted.values() if split])
        parts, tables, start = {}, [], 0
        for part, split in wanted.items():
            if split:
                tables.append(self._columns(splits, split))
                parts[part] = np.arange(start, start := start + len(tables[-1]))
        names = tables[0].features[self.label].names
        labels = [table[self.label] for table in tables]
        return Found(
            images=_EncodedImages(tables, self.image, self),
            labels_N=np.concatenate([np.asarray(part, dtype=np.int64) for part in labels]),
            class_names=class_names(names, self.path),
            parts=parts,
        )

    def _columns(self, splits: Any, split: str) -> Any:
        """One split with its images as files, not yet decoded."""
        from datasets import ClassLabel, Image

        if split not in splits:
            raise InputError(f"{self.path} has no split {split!r}; it has: {', '.join(splits)}")
        features = splits[split].features
        for column, wanted in ((self.image, Image), (self.label, ClassLabel)):
            if not isinstance(features.get(column), wanted):
                has = ", ".join(f"{key} ({type(kind).__name__})" for key, kind in features.items())
                raise InputError(
                    f"{self.path} has no column {column!r} of {wanted.__name__}; it has: {has}"
                )
        return splits[split].cast_column(self.image, Image(decode=False))


@dataclass(frozen=True)
class _EncodedImages:
    """Images of several tables, one after the other."""

    tables: list[Any]
    column: str
    view: View
    resized: list[int] = field(default_factory=list, compare=False)

    @property
    def size(self) -> tuple[int, int]:
        return self.view.size, self.view.size

    def __len__(self) -> int:
        return sum(len(table) for table in self.tables)

    def __getitem__(self, row: int) -> np.ndarray:
        image = self._encoded(row)
        try:
            data = image["bytes"] or file_bytes(Path(image["path"]))
            image_HWC = decode(data, self.view.upright)
            if self.view.resizes(image_HWC):
                self.resized.append(row)
            return self.view.apply(image_HWC)
        except BROKEN as error:
            name = image["path"] or "without a name"
            message = f"image {row} ({printable(name)}) cannot be read: {why(error)}"
            raise BrokenImageError(message, Path(name)) from error

    def name(self, row: int) -> Path:
        return Path(self._encoded(row)["path"] or f"image {row}")

    def _encoded(self, row: int) -> dict[str, Any]:
        """The file's bytes, or the path to it."""
        starts = np.cumsum([0, *(len(table) for table in self.tables)])
        which = int(np.searchsorted(starts, row, side="right")) - 1
        return self.tables[which][row - int(starts[which])][self.column]


def _load(config: HuggingfaceConfig, splits: list[str]) -> Any:
    try:
        import datasets
        from datasets.exceptions import DatasetsError
    except ImportError as error:
        raise InputError(
            "datasets of the Hugging Face hub need its library: uv sync --extra huggingface, or "
            "pip install 'lorvp[huggingface]'"
        ) from error
    try:
        return datasets.load_dataset(config.path, config.name, revision=config.revision)
    except (OSError, ValueError, RuntimeError, DatasetsError) as error:
        reason = str(error.__cause__ or error).partition("\n")[0]
        raise InputError(
            f"cannot load {config.path} from the Hugging Face hub: {reason}"
        ) from error
