"""The raw files of a dataset, and how its archives unpack."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Union

Content = Union[Mapping[str, "Content"], bytes]  # noqa: UP007 (quoted)
"""What a file holds: the members of an archive, or bytes."""


@dataclass(frozen=True)
class Layout:
    """One dataset's raw files."""

    archives: Mapping[str, Content]
    """Members of each archive by path, as they are packed; bytes are a file that is no archive.
    In the order of the class's default archives, where it has some. A member may be an archive."""
    names: list[str]
    """The names of the classes, as mappings by text need them."""
    parts: dict[str, int]
    """The number of images of each class in each published part."""
    folders: dict[str, str] = field(default_factory=dict)
    """The folder below ``root`` into which an archive is unpacked, where it is not ``root``."""


def lay(layout: Layout, root: Path) -> Path:
    """Unpack all archives below ``root``, as a user would."""
    for name, content in layout.archives.items():
        _unpack(name, content, root / layout.folders.get(name, ""))
    return root


def _unpack(name: str, content: Content, folder: Path) -> None:
    """Write the file ``name`` in ``folder``, or what is in it beside it."""
    if isinstance(content, bytes):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    else:
        for path, data in content.items():
            _unpack(path, data, folder / Path(name).parent)


def packed(name: str, content: Content) -> bytes:
    """The bytes of an archive, in the format of its suffix."""
    if isinstance(content, bytes):
        return content
    members = {path: packed(path, data) for path, data in content.items()}
    if name.endswith(".zip"):
        return zipped(members)
    plain = tarred(members)
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
