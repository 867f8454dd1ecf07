"""What every mapping's settings have in common, and the files that some of them name."""

from __future__ import annotations

from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from lorvp.files.whole import sha256
from lorvp.mappings.base import Mapping
from lorvp.networks import checkpoint
from lorvp.networks.interface import Ends
from lorvp.settings import Settings

DATASET = "{dataset}"
"""Stands for the dataset's name in the path of a file that a mapping reads."""


CHECKPOINTS = Path("data/checkpoints")
"""Where a project's checkpoints lie."""


@dataclass(frozen=True)
class OwnFile:
    """Marks a field that names a file of the user's. Its bytes are part of a trial's identity, and
    go with the trial to the machine that trains it; its path is neither."""


@dataclass(frozen=True)
class OwnCheckpoint:
    """The same for a checkpoint beside the trial's own: a name under `checkpoints`, or a folder."""


class MappingSettings(Settings):
    """The settings of a mapping."""

    def build(self, ends: Ends) -> Mapping:
        """The mapping with fresh start values from torch's global generator. It reads no file.

        Raises:
            InputError: it does not fit this network or these classes.
        """
        raise NotImplementedError

    @property
    def files(self) -> dict[str, Path]:
        """The files that it reads before training, by the field that names them."""
        return {name: Path(path) for name, path in self._marked(OwnFile()).items()}

    @property
    def checkpoints(self) -> dict[str, Path]:
        """The folders of checkpoints that it reads before training, by the field that names them;
        a bare name is one of the project's."""
        named = self._marked(OwnCheckpoint()).items()
        return {key: CHECKPOINTS / path if "/" not in path else Path(path) for key, path in named}

    def _marked(self, mark: object) -> dict[str, str]:
        fields = type(self).model_fields.items()
        marked = [name for name, field in fields if mark in field.metadata]
        named = {name: getattr(self, name) for name in marked}
        return {name: path for name, path in named.items() if path is not None}

    def with_files(self, places: Table[str, Path]) -> Self:
        """These settings with files or checkpoints at other places."""
        return self.model_copy(update={name: str(path) for name, path in places.items()})

    def of_dataset(self, name: str) -> Self:
        """These settings with the dataset's name in those paths that leave it open."""
        return self.with_files(
            {field: Path(str(path).replace(DATASET, name)) for field, path in self.files.items()}
        )

    def digests(self) -> dict[str, str | None]:
        """SHA-256 of its files and digests of its checkpoints, by field; None for what is not
        there, which is refused later."""
        files = {key: sha256(path) if path.is_file() else None for key, path in self.files.items()}
        return files | {key: checkpoint_digest(path) for key, path in self.checkpoints.items()}

    def require_files(self, target_names: Sequence[str]) -> None:
        """Read its files, and refuse those that are missing or do not suit the classes of a task.

        Raises:
            InputError: with the field, the file, and what would be right.
        """


def checkpoint_digest(folder: Path) -> str | None:
    """What `lorvp.networks.checkpoint.digest` says of a folder; None if there is no checkpoint."""
    there = (folder / "manifest.json").is_file()
    return checkpoint.digest(checkpoint.read_manifest(folder)) if there else None
