"""The base of all datasets of params.yaml."""

from __future__ import annotations

from pathlib import Path

from lorvp.datasets.source import Sizes, Source
from lorvp.settings import Settings


class DatasetSettings(Settings):
    """A dataset and where its images come from."""

    def source(self) -> Source:
        """Labels, splits and names of all images; pixels are read when they are stored.

        Raises:
            InputError: the images cannot be downloaded or found, or are not what they should be.
        """
        raise NotImplementedError

    def expected(self) -> Sizes | None:
        """Sizes after preparation, known before any download; None if they are unknown."""
        raise NotImplementedError

    def reads(self) -> list[Path]:
        """The user's own files and folders that are read, without downloads."""
        return []
