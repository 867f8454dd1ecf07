"""What every kind of checkpoint promises."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import model_validator
from torch import nn

from lorvp.code_digest import PIXELS, digest_of
from lorvp.errors import InputError
from lorvp.files.whole import canonical, sha256
from lorvp.networks import checkpoint
from lorvp.networks.frozen import FrozenNetwork
from lorvp.networks.manifest import CheckpointManifest, Facts
from lorvp.settings import Settings
from lorvp.text.proxies import via


@dataclass(frozen=True)
class Made:
    """A network with its weights, ready to be written."""

    network: nn.Module
    facts: Facts
    note: str
    """A line about it for the user."""


class NetworkConfig(Settings):
    """A frozen network and where its weights come from."""

    trains: ClassVar[bool] = False
    """Whether ``make`` computes the weights here, for which it needs a device."""

    @property
    def trained_on(self) -> str | None:
        """The dataset of this project that ``make`` reads; its classes are the source classes."""
        return None

    def facts(self, source_names: Sequence[str] | None = None) -> Facts:
        """All that is known without the weights; nothing large is downloaded.

        ``source_names`` are the class names of the dataset that a network is trained on here.

        Raises:
            InputError: the settings do not suit the network.
        """
        raise NotImplementedError

    def sketch(
        self, source_names: Sequence[str] | None = None
    ) -> tuple[CheckpointManifest, FrozenNetwork]:
        """The checkpoint as it will be, and its network on the meta device, without weights.

        Raises:
            InputError: the network cannot be built so, or cannot be used as a classifier.
        """
        return checkpoint.sketch(self.facts(source_names))

    def make(self, datasets: Path, device: str = "cpu") -> Made:
        """The network with its weights, on the CPU; prepared datasets lie in ``datasets``.

        A kind that ``trains`` does so on ``device``. What that is is no part of ``made_from``: a
        checkpoint that was trained on a GPU is the same checkpoint where there is none.

        Raises:
            InputError: the weights cannot be had, or are not fit to be used.
        """
        raise NotImplementedError

    def made_from(self, datasets: Path) -> str:
        """Hash of all that decides what ``make`` makes: settings, files and code."""
        code = digest_of([type(self).__module__, "lorvp.networks.checkpoint"], PIXELS)
        inputs = {"settings": self.model_dump(mode="json"), "code": code}
        return hashlib.sha256(canonical(inputs | self.inputs(datasets))).hexdigest()

    def inputs(self, datasets: Path) -> dict[str, Any]:
        """Hashes of the files that are read."""
        return {}


class PublishedConfig(NetworkConfig):
    """Weights that a library publishes, or a local file of them."""

    # Each kind declares these fields itself, as their order is the order in the schema.
    if TYPE_CHECKING:
        file: str | None
        sha256: str | None

    of_a_file: ClassVar[tuple[str, ...]] = ("sha256",)
    """Settings that mean nothing without ``file``."""

    @model_validator(mode="after")
    def _suits_a_file(self) -> PublishedConfig:
        given = [key for key in self.of_a_file if getattr(self, key) is not None]
        if given and self.file is None:
            raise ValueError(f"{', '.join(given)} can only be given for a `file`")
        return self

    def source(self, published: str) -> str:
        """What the checkpoint names as its origin."""
        return f"file:{Path(self.file).name}" if self.file else published


def digests(*paths: str | None) -> dict[str, str | None]:
    """SHA-256 of local files; None for those that are not there, which ``make`` will refuse."""
    files = [Path(path) for path in paths if path is not None]
    return {str(path): sha256(path) if path.is_file() else None for path in files}


@contextmanager
def reaching(source: str) -> Iterator[None]:
    """Say in one line what could not be downloaded in this block, and what to do without a network.

    Raises:
        InputError: in place of the errors of the many libraries below.
    """
    # The hub's library lets some errors of its HTTP client through.
    from huggingface_hub.errors import HTTPError  # pyright: ignore[reportPrivateImportUsage]

    try:
        yield
    except (OSError, HTTPError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            f"{source} cannot be had{via(source)}: {reason}. Without a network, download it "
            "elsewhere and give its path as `file:`"
        ) from error
