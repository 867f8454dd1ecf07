"""The raw files of a dataset, and how its archives unpack."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Layout:
    """One dataset's raw files."""

    archives: dict[str, dict[str, bytes] | bytes]
    """Members of each archive by path, as they are packed; bytes are a file that is no archive.
    In the order of the class's default archives, where it has some."""
    names: list[str]
    """The names of the classes, as mappings by text need them."""
    parts: dict[str, int]
    """The number of images of each class in each published part."""
    folders: dict[str, str] = field(default_factory=dict)
    """The folder below ``root`` into which an archive is unpacked, where it is not ``root``."""


def lay(layout: Layout, root: Path) -> Path:
    """Unpack all archives below ``root``, as a user would."""
    for name, content in layout.archives.items():
        folder = root / layout.folders.get(name, "")
        members = {name: content} if isinstance(content, bytes) else content
        for path, data in members.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
    return root


def packed(name: str, content: Mapping[str, bytes] | bytes) -> bytes:
    """The bytes of an archive, in the format of its suffix."""
    if isinstance(content, bytes):
        return content
    if name.endswith(".zip"):
        return zipped(content)
    plain = tarred(content)
    return plain if name.endswith(".tar") else gzip.compress(plain, 1, mtime=0)


def zipped(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in members.items():
            archive.writestr(path, data)
    return file.getvalue()


def tarred(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for path, data in members.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()
