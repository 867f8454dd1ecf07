"""The trial store: one folder per finished trial, named by its fingerprint.

    trial.json             identity, summary, environment, engine (how the network computed),
                           SHA-256 of the other files and itself
    weights.safetensors    prompt.* and mapping.* tensors of the chosen epoch
    history.json           one record per epoch
    predictions.parquet    label, predicted, confidence, loss for each test image

Of a setting that a search tried there are trial.json, without a test accuracy, and history.json.

A folder appears by one rename when it is complete and is never changed afterwards. The store
lies outside the project, so that checking out another version of the project, or a failed run,
loses nothing; the project's own folder of trials holds hard links into it.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from lorvp.errors import InputError
from lorvp.files.whole import link_or_copy, naming_full_disk, whole_folder
from lorvp.trials.resume import ResumeFile
from lorvp.trials.verified import FILES, RECORD, files_of, is_whole, read_record, verified


def default_root() -> Path:
    """``$LORVP_STORE``, or the user's cache folder."""
    chosen = os.environ.get("LORVP_STORE")
    return Path(chosen) if chosen else user_cache_path("lorvp") / "trials"


FINGERPRINT = re.compile(r"[0-9a-f]{20}")
FORGOTTEN = 60 * 24 * 3600
"""Seconds after which the state of a stopped trial is removed."""


def _age(path: Path) -> float:
    """Seconds since a file was written; 0 if another run has just removed it."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0


def forget(folder: Path) -> None:
    """Remove a trial's files, and its folder unless it holds others."""
    if folder.is_symlink():
        folder.unlink()
    if not folder.is_dir():
        return
    for name in (RECORD, *FILES):
        (folder / name).unlink(missing_ok=True)
    with suppress(OSError):  # it is not empty, or not there
        folder.rmdir()


class TrialStore:
    """Finished trials under ``root``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.work = root / ".work"

    def folder(self, fingerprint: str) -> Path:
        """Where a trial lies, or would lie."""
        return self.root / fingerprint

    def holds(self, fingerprint: str) -> bool:
        """Whether this trial is finished. A damaged folder is removed and does not count.

        Raises:
            InputError: a file cannot be read; nothing is removed.
        """
        folder = self.folder(fingerprint)
        if not (whole := is_whole(folder)):
            forget(folder)
        return whole

    def put(self, fingerprint: str, files: Mapping[str, bytes]) -> None:
        """Store a trial as ``lorvp.trials.contents.sealed`` gives it.

        Raises:
            DiskFullError: there is no room; nothing is left behind.
            InputError: the disk does not give back what was written.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        whole = whole_folder(self.folder(fingerprint), work=self.work)
        with naming_full_disk(self.root), whole as scratch:
            for name, content in files.items():
                (scratch / name).write_bytes(content)
            if verified(scratch) is None:
                raise InputError(f"{self.root} does not give back what was written to it")

    def lock(self, fingerprint: str) -> FileLock:
        """Held while a trial is trained, so that no two processes train the same one."""
        locks = self.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        return FileLock(locks / fingerprint)

    def resume(self, fingerprint: str) -> ResumeFile:
        """The state of this trial if it was stopped; the process that trains it holds its lock."""
        return ResumeFile(self.root / ".resume" / fingerprint)

    def tidy(self) -> None:
        """Remove the states of finished trials, which a kill can leave, and those that no run has
        continued for ``FORGOTTEN`` seconds."""
        for path in (self.root / ".resume").glob("[!.]*"):
            if self.holds(path.name) or _age(path) > FORGOTTEN:
                self.resume(path.name).forget()

    def set_aside(self, fingerprint: str) -> None:
        """Move a finished trial away: it counts as missing, and its folder is kept."""
        aside = self.root / ".aside" / fingerprint
        aside.parent.mkdir(exist_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
        self.folder(fingerprint).rename(aside)

    def adopt(self, folder: Path) -> None:
        """Take a finished trial that the store lacks, such as one that came with `dvc pull`."""
        if self.holds(folder.name) or not is_whole(folder):
            return
        # The process that holds the lock is training this very trial, so it need not be waited for.
        with suppress(Timeout), self.lock(folder.name).acquire(blocking=False):
            _link(folder, self.folder(folder.name), self.work)

    def show(self, fingerprints: Iterable[str], out: Path, work: Path) -> None:
        """Make ``out`` hold exactly these of the finished trials, as links into the store.

        ``work``, on the same file system, holds incomplete folders and a lock: a run whose DVC was
        killed may end at the same time as the next one.
        """
        for folder in (out, work):
            folder.mkdir(parents=True, exist_ok=True)
        with FileLock(work / "show.lock"):
            self._show(set(fingerprints), out, work)

    def _show(self, wanted: set[str], out: Path, work: Path) -> None:
        shown = {name for name in wanted if is_whole(out / name) and not (out / name).is_symlink()}
        for folder in out.iterdir():
            if FINGERPRINT.fullmatch(folder.name) and folder.name not in shown:
                forget(folder)
        for fingerprint in wanted - shown:
            if self.holds(fingerprint):
                _link(self.folder(fingerprint), out / fingerprint, work)


def _link(source: Path, target: Path, work: Path) -> None:
    """A folder of hard links, or of copies where the file system has none."""
    with whole_folder(target, work=work, keep_others=True) as scratch:
        for name in (RECORD, *files_of(read_record(source))):
            link_or_copy((source / name).resolve(), scratch / name)
