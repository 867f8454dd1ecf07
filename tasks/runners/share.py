"""A place that all machines reach: a folder, or anything fsspec has a URL for.

    datasets/DIGEST/…       prepared datasets, and
    checkpoints/DIGEST/…    frozen networks, named by what they hold; manifest.json comes last
    files/SHA256            files that mappings read
    trials/FINGERPRINT.zip  finished trials
    resume/FINGERPRINT      where a trial stands that is not finished

An object store has no rename of a folder, so nothing here counts until it was read and its
checksums were right.

fsspec's file systems are used as they are. Paths of universal_pathlib, which stand on them, would
save `_at` and hardly a line more: what is long here says when a folder or a trial is whole, and
large files go through `put_file` and `get_file`, which no path has.
"""

from __future__ import annotations

import hashlib
import io
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import fsspec
from filelock import FileLock

from lorvp.datasets import prepared
from lorvp.errors import InputError
from lorvp.files.damage import UNREADABLE
from lorvp.files.whole import sha256, whole_folder, write_whole
from lorvp.networks import checkpoint
from lorvp.trials.verified import FILES, RECORD, SEARCH_FILES

INDEX = "manifest.json"


class DamagedError(RuntimeError):
    """A file of the share is not the one that its name promises; to read it again may help."""


@dataclass(frozen=True)
class Kind:
    """A kind of folder that is named by the digest of what it holds."""

    folder: str
    files: tuple[str, ...]
    """All files but the index."""
    digest: Callable[[Path], str]
    """Of a folder, as its index states it."""
    checksums: Callable[[Path], dict[str, str]]
    """SHA-256 of each of the files, as the index states them."""

    def holds(self, folder: Path, digest: str) -> bool:
        """Whether the bytes in ``folder`` are those that ``digest`` stands for."""
        try:
            stated = self.checksums(folder)
            whole = all(sha256(folder / name) == stated[name] for name in self.files)
            return whole and self.digest(folder) == digest
        except (InputError, OSError, KeyError):
            return False


DATASET_KIND = Kind(
    "datasets",
    ("images.npy", "labels.npy"),
    lambda folder: prepared.read(folder).digest,
    lambda folder: prepared.read(folder).checksums,
)
CHECKPOINT_KIND = Kind(
    "checkpoints",
    ("weights.safetensors",),
    lambda folder: checkpoint.digest(checkpoint.read_manifest(folder)),
    lambda folder: {"weights.safetensors": checkpoint.read_manifest(folder).weights_sha256},
)


class Share:
    """The files under ``url``."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.fs, self.root = fsspec.url_to_fs(url)

    def require_writable(self) -> None:
        """Write a small file, read it and remove it.

        Raises:
            InputError: one of these does not work.
        """
        said = uuid.uuid4().hex
        try:
            self.put_bytes(f"probe-{said}", said.encode())
            found = self.get_bytes(f"probe-{said}")
            self.remove(f"probe-{said}")
        except Exception as error:  # each file system has its own
            raise InputError(f"{self.url} cannot be written: {error}") from error
        if found != said.encode():
            raise InputError(f"{self.url} does not give back what was written to it")

    def put_bytes(self, name: str, content: bytes) -> None:
        """Write a file; readers see all of it, or what was there before."""
        path = self._at(name)
        partial = f"{path}~{uuid.uuid4().hex}"
        self.fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        self.fs.pipe_file(partial, content)
        self.fs.mv(partial, path)

    def get_bytes(self, name: str) -> bytes | None:
        """The content of a file; None if there is no such file."""
        try:
            return self.fs.cat_file(self._at(name))
        except FileNotFoundError:
            return None

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        if self.fs.exists(self._at(name)):
            self.fs.rm_file(self._at(name))

    def put_folder(self, kind: Kind, digest: str, folder: Path) -> None:
        """Copy a folder to the share, the index last, unless each file is there in its size."""
        place = f"{kind.folder}/{digest}"
        if self._has(place, (*kind.files, INDEX), folder):
            return
        self.fs.makedirs(self._at(place), exist_ok=True)
        for name in kind.files:
            self.fs.put_file(str(folder / name), self._at(f"{place}/{name}"))
        self.put_bytes(f"{place}/{INDEX}", (folder / INDEX).read_bytes())

    def _has(self, place: str, names: tuple[str, ...], folder: Path) -> bool:
        paths = {name: self._at(f"{place}/{name}") for name in names}
        return all(
            self.fs.exists(path) and self.fs.size(path) == (folder / name).stat().st_size
            for name, path in paths.items()
        )

    def get_folder(self, kind: Kind, digest: str, home: Path) -> Path:
        """The folder below ``home``, fetched and verified unless it was before.

        Raises:
            DamagedError: the share has something else under this name, or nothing.
        """
        target = home / kind.folder / digest
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            if not target.exists():
                with whole_folder(target) as scratch:
                    self._fetch(kind, digest, scratch)
        return target

    def _fetch(self, kind: Kind, digest: str, scratch: Path) -> None:
        place = f"{kind.folder}/{digest}"
        try:
            for name in (INDEX, *kind.files):
                self.fs.get_file(self._at(f"{place}/{name}"), str(scratch / name))
        except FileNotFoundError as error:
            raise DamagedError(f"{self.url} has no whole {place}") from error
        if not kind.holds(scratch, digest):
            raise DamagedError(f"{place} in {self.url} is damaged; remove it and start again")

    def put_file(self, digest: str, path: Path) -> None:
        """Copy a file to the share, unless it is there in its size.

        Raises:
            DamagedError: it is no longer the file that ``digest`` stands for.
        """
        name, content = f"files/{digest}", path.read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise DamagedError(f"{path} has changed while the run went on; start again")
        there = self._at(name)
        if not self.fs.exists(there) or self.fs.size(there) != len(content):
            self.put_bytes(name, content)

    def get_file(self, digest: str, home: Path) -> Path:
        """The file below ``home``, fetched and verified unless it was before.

        Raises:
            DamagedError: the share has something else under this name, or nothing.
        """
        target = home / "files" / digest
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{target}.lock"):
            if not target.exists():
                content = self.get_bytes(f"files/{digest}")
                if content is None or hashlib.sha256(content).hexdigest() != digest:
                    raise DamagedError(f"{self.url} has no whole files/{digest}")
                write_whole(target, content)
        return target

    def put_trial(self, folder: Path) -> None:
        """Put a finished trial; a second time it is the same bytes."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path in sorted(folder.iterdir()):
                archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes())  # without a date
        self.put_bytes(f"trials/{folder.name}.zip", packed.getvalue())

    def get_trial(self, fingerprint: str, folder: Path) -> bool:
        """Unpack a trial into ``folder``, and do not verify it; whether the share has one."""
        content = self.get_bytes(f"trials/{fingerprint}.zip")
        if content is None:
            return False
        files = _unpacked(content)
        if files is None:
            return False
        folder.mkdir(parents=True, exist_ok=True)
        for name, inside in files.items():
            (folder / name).write_bytes(inside)
        return True

    def states(self, *folders: str) -> dict[str, object]:
        """What the files in these folders are now, as far as a listing tells, by path."""
        self.fs.invalidate_cache()
        there = [self._at(folder) for folder in folders if self.fs.exists(self._at(folder))]
        listed = [file for folder in there for file in self.fs.ls(folder, detail=True)]
        return {f["name"]: (f.get("size"), f.get("mtime"), f.get("ETag")) for f in listed}

    def _at(self, name: str) -> str:
        return f"{self.root.rstrip('/')}/{name}"


def _unpacked(content: bytes) -> dict[str, bytes] | None:
    """The files of a trial; None if it was not packed as here, without compression.

    A few compressed bytes could unpack to so many that they fill the memory.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist()) & {*FILES, RECORD}
            if names - {RECORD} not in (FILES, SEARCH_FILES):
                return None
            found = [archive.getinfo(name) for name in sorted(names)]
            if any(file.compress_type != zipfile.ZIP_STORED for file in found):
                return None
            return {file.filename: archive.read(file) for file in found}
    except UNREADABLE:
        return None
