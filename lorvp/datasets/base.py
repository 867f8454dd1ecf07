"""What every dataset of params.yaml promises."""

from __future__ import annotations

from pathlib import Path

from lorvp.datasets.source import Sizes, Source
from lorvp.settings import Settings


class DatasetSettings(Settings):
    """A dataset and where its images come from."""

    def source(self) -> Source:
        """Everything but the pixels, which are read when they are stored.

        Raises:
            InputError: the images cannot be had, or are not what they should be.
        """
        raise NotImplementedError

    def expected(self) -> Sizes | None:
        """Sizes after preparation, before anything is downloaded; None if nobody knows."""
        raise NotImplementedError

    def reads(self) -> list[Path]:
        """The user's own files and folders that are read; downloads are known by their address."""
        return []
