"""Raw files from the net: downloaded, verified and unpacked, all of them or none.

They lie in the user's cache folder (or under ``$LORVP_RAW``), so that every checkout and every
dataset that needs them finds them.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import shutil
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pooch
import requests
from filelock import FileLock
from platformdirs import user_cache_path
from pydantic import Field, model_validator
from rich.console import Console
from rich.progress import DownloadColumn, Progress

from lorvp.errors import InputError
from lorvp.files.whole import canonical, naming_full_disk, whole_folder
from lorvp.settings import Settings
from lorvp.text.proxies import via
from lorvp.text.redacted import redacted

DAMAGE = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError,
          EOFError, NotImplementedError)  # fmt: skip
"""Raised by libraries that read a damaged archive."""


pooch.get_logger().setLevel("WARNING")  # its advice names functions that users do not call


class Archive(Settings):
    """One file to download. Written in params.yaml, it replaces the published address."""

    url: str = Field(pattern=r"^https?://\S+$")
    hash: str | None = Field(default=None, pattern=r"^(md5:[0-9a-f]{32}|sha256:[0-9a-f]{64})$")
    """``md5:…`` or ``sha256:…``; without one the file is not verified, and a note says so."""
    folder: str = Field(default="", pattern=r"^[\w-]*$")
    """Folder below that of the raw files into which it is unpacked."""
    inner: str | None = Field(default=None, pattern=r"^[\w-][\w.-]*(/[\w-][\w.-]*)*$")
    """An archive in it that is unpacked too, in its own folder."""

    @property
    def name(self) -> str:
        return PurePosixPath(urlsplit(self.url).path).name

    @model_validator(mode="after")
    def _names_a_file(self) -> Archive:
        if self.name in ("", ".."):
            raise ValueError("url has no file name at its end, such as https://host/images.zip")
        return self


def archives_at(host: str, files: Mapping[str, str | None], folder: str = "") -> list[Archive]:
    """An Archive for each of ``files`` (name: MD5, or None) below the address ``host``."""
    return [
        Archive(url=f"{host}{name}", hash=f"md5:{md5}" if md5 else None, folder=folder)
        for name, md5 in files.items()
    ]


def default_root() -> Path:
    """``$LORVP_RAW``, or the user's cache folder."""
    chosen = os.environ.get("LORVP_RAW")
    return Path(chosen) if chosen else user_cache_path("lorvp") / "raw"


def fetch(kind: str, archives: Sequence[Archive]) -> Path:
    """The folder with all of ``archives``, unpacked; they are downloaded unless they have been.

    A download or an unpacking that was interrupted leaves no folder; archives that had arrived
    whole are not downloaded again.

    Raises:
        InputError: an address does not answer, a checksum is wrong, an archive cannot be read or
            holds paths that lead out of it.
    """
    facts = canonical([_identity(archive) for archive in archives])
    target = default_root() / f"{kind}-{hashlib.sha256(facts).hexdigest()[:8]}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_suffix(".lock")):
        arrivals = target.with_suffix(".downloads")
        if not target.exists():
            with naming_full_disk(target.parent):
                _fetch(archives, target, arrivals)
        shutil.rmtree(arrivals, ignore_errors=True)
    return target


def _identity(archive: Archive) -> dict:
    """What the name of the folder depends on, as it was before archives had others in them."""
    return archive.model_dump(exclude=None if archive.inner else {"inner"})


def _fetch(archives: Sequence[Archive], target: Path, arrivals: Path) -> None:
    files = [_download(archive, arrivals) for archive in archives]
    with whole_folder(target) as scratch:
        for archive, file in zip(archives, files, strict=True):
            _unpack(archive, file, scratch / archive.folder)


def _unpack(archive: Archive, file: Path, folder: Path) -> None:
    """Unpack ``file``, which is ``archive``, and the archive in it where it has one."""
    try:
        _unpack_file(file, folder, archive.name)
        if archive.inner:
            inner = folder / archive.inner
            if not inner.is_file():
                raise InputError(f"{archive.name} has no {archive.inner}")
            _unpack_file(inner, inner.parent, inner.name)
            inner.unlink()
    except DAMAGE as error:
        file.unlink()  # else the next attempt would find it here and not ask for it again
        raise InputError(f"{archive.name} is damaged: {error}") from error


def _download(archive: Archive, folder: Path) -> Path:
    """Download into ``folder``; pooch renames the file into place once its checksum is right."""
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob("tmp*"):
        leftover.unlink()
    # Two archives may share a name, such as images.tar.gz.
    name = f"{hashlib.sha256(archive.url.encode()).hexdigest()[:8]}-{archive.name}"
    try:
        path = pooch.retrieve(archive.url, archive.hash, name, folder, downloader=_stream)  # type: ignore
    except requests.RequestException as error:
        raise InputError(
            f"cannot download {archive.url}{via(archive.url)} ({_reason(error)}); get the files "
            "another way and name their folder with `root`, or another address with `archives`"
        ) from error
    except ValueError as error:
        raise InputError(
            f"{archive.url} is not the file it should be: its checksum is not {archive.hash}"
        ) from error
    if archive.hash is None:
        found = f"sha256:{pooch.file_hash(path)}"
        print(f"note: {redacted(archive.url)} was not verified; it came as {found}")
    return Path(path)


def _stream(url: str, target: str, caller: object) -> None:
    """Download with a progress bar. Pooch's own bar stays open after an error."""
    print(f"downloading {redacted(url)}", file=sys.stderr)
    with requests.get(url, stream=True, timeout=30) as response, open(target, "wb") as file:
        response.raise_for_status()
        total = int(response.headers.get("content-length", 0)) or None
        columns = (*Progress.get_default_columns(), DownloadColumn())
        with Progress(*columns, console=Console(stderr=True)) as bars:
            bar = bars.add_task("", total=total)
            for part in response.iter_content(2**16):
                bars.advance(bar, file.write(part))


def _reason(error: BaseException) -> str:
    """The innermost cause in a few words."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return str(error).splitlines()[0][:120] or type(error).__name__


def _unpack_file(file: Path, folder: Path, name: str) -> None:
    """Unpack ``file``, called ``name``, into ``folder``, or copy it there if it is no archive."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if tarfile.is_tarfile(file):
            with tarfile.open(file) as archive:
                archive.extractall(folder, filter="data")
                # A compressed file's own checksum stands behind the last member.
                while archive.fileobj and archive.fileobj.read(2**20):
                    pass
        elif zipfile.is_zipfile(file):
            _unpack_zip(file, folder, name)
        elif name.endswith((".zip", ".tar", ".tgz", ".gz")):
            raise tarfile.ReadError("it is no archive")
        else:
            shutil.copy2(file, folder / name)
    except tarfile.FilterError as error:
        raise InputError(f"{name} is not safe to unpack: {error}") from error


def _unpack_zip(file: Path, folder: Path, name: str) -> None:
    with zipfile.ZipFile(file) as archive:
        for member in archive.namelist():
            path = PurePosixPath(member.replace("\\", "/"))
            if path.is_absolute() or ".." in path.parts:
                raise InputError(f"{name} is not safe to unpack: {member!r} leads out of it")
        archive.extractall(folder)
