"""Walk through a folder: each file is an image, or not used and noted, or a system's and ignored.

Links are followed, but no folder and no linked file is read twice.
"""

from __future__ import annotations

import heapq
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lorvp.datasets.folders.not_used import NotUsed, ending

SUFFIXES = {
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".bmp", ".dib", ".gif", ".tif", ".tiff",
    ".webp", ".avif", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".tga",
}  # fmt: skip
"""Endings of images; Pillow reads all of them."""

SYSTEM = {
    "__macosx", "@eadir", "@recycle", "#recycle", "$recycle.bin", "system volume information",
    "lost+found", "thumbs.db", "ehthumbs.db", "desktop.ini", ".ds_store", ".ipynb_checkpoints",
    ".git", ".gitignore", ".gitattributes", ".gitkeep", ".dvcignore", ".directory", ".localized",
    ".spotlight-v100", ".fseventsd", ".trashes", ".temporaryitems", ".documentrevisions-v100",
}  # fmt: skip
"""Files and folders that systems and tools leave behind, in lower case; they are ignored."""

HIDDEN, NOTHING = "hidden", "link to nothing"
AGAIN, ABOVE = "link to what is read already", "link to a folder above it"
SPECIAL = "that is no regular file"


@dataclass
class Tree:
    """The contents of ``root``; all lists are sorted."""

    root: Path
    folders: list[Path] = field(default_factory=list)
    """Also links to folders, and broken links, which may have led to folders."""
    images: list[Path] = field(default_factory=list)
    """Files with an image's ending, whether or not they can be read."""
    not_used: NotUsed = field(default_factory=dict)

    def note_unused(self, path: Path, kind: str) -> None:
        """Note a file that is not used."""
        self.not_used.setdefault(kind, []).append(path)

    def children(self, folder: Path) -> list[Path]:
        """Folders directly below ``folder``."""
        return [path for path in self.folders if path.parent == folder]


def look(root: Path, inside: Sequence[str] = ("",)) -> Tree:
    """Walk through ``root``, or through the folders ``inside`` of it.

    Raises:
        OSError: one of them, or a folder in them, cannot be read.
    """
    walk = _Walk(root)
    walk.run([root / folder for folder in inside])
    return walk.tree


class _Walk:
    """The walk. It reads real folders first, then links to folders, then links to files, so that a
    file in ``root`` is found under its own name and links to it are noted as such."""

    def __init__(self, root: Path) -> None:
        self.tree = Tree(root)
        self.top = os.path.realpath(root)
        self.read: set[str] = set()
        """Real paths of the folders that have been read."""
        self.linked: set[str] = set()
        """Real paths of the files to which links led."""
        self.to_folders: list[Path] = []
        self.to_files: list[Path] = []

    def run(self, starts: Sequence[Path]) -> None:
        for start in starts:
            self.folders(start, os.path.realpath(start))
        while self.to_folders:
            self.folder_link(heapq.heappop(self.to_folders))
        for link in sorted(self.to_files):
            self.file_link(link)
        self.tree.folders.sort()
        self.tree.images.sort()

    def folders(self, start: Path, real: str) -> None:
        """Read a folder and all real folders in it."""
        waiting = [(start, real)]
        while waiting:
            path, real = waiting.pop()
            if real in self.read:
                self.tree.note_unused(path, AGAIN)
                continue
            self.read.add(real)
            with os.scandir(path) as entries:
                for entry in entries:
                    if not self.ignored(entry):
                        waiting += self.entry(entry, real)

    def ignored(self, entry: os.DirEntry[str]) -> bool:
        name = entry.name.lower()
        if name in SYSTEM or name.startswith("._"):
            return True
        if name.startswith("."):
            self.tree.note_unused(Path(entry.path), HIDDEN)
            return True
        return False

    def entry(self, entry: os.DirEntry[str], real: str) -> list[tuple[Path, str]]:
        """Note one entry of a folder; if it is a folder itself, return it with its real path."""
        path = Path(entry.path)
        if entry.is_symlink():
            if os.path.isdir(path):
                heapq.heappush(self.to_folders, path)
            else:
                self.to_files.append(path)
        elif entry.is_dir(follow_symlinks=False):
            self.tree.folders.append(path)
            return [(path, os.path.join(real, entry.name))]
        elif entry.is_file(follow_symlinks=False):
            self.file(path)
        else:
            self.tree.note_unused(path, SPECIAL)
        return []

    def file(self, path: Path) -> None:
        if path.suffix.lower() in SUFFIXES:
            self.tree.images.append(path)
        else:
            self.tree.note_unused(path, ending(path))

    def folder_link(self, link: Path) -> None:
        target = os.path.realpath(link)
        self.tree.folders.append(link)
        if self.top == target or self.top.startswith(target.rstrip(os.sep) + os.sep):
            self.tree.note_unused(link, ABOVE)
        elif target in self.read:
            self.tree.note_unused(link, AGAIN)
        else:
            self.folders(link, target)

    def file_link(self, link: Path) -> None:
        """Note a link to a file.

        A broken link with an image's ending counts as an image, which will fail to be read.
        """
        target = os.path.realpath(link)
        if not os.path.exists(target):
            if link.suffix.lower() in SUFFIXES:
                self.tree.images.append(link)
            else:
                self.tree.folders.append(link)
                self.tree.note_unused(link, NOTHING)
        elif not os.path.isfile(target):
            self.tree.note_unused(link, SPECIAL)
        elif target in self.linked or self.was_read(target):
            self.tree.note_unused(link, AGAIN)
        else:
            self.linked.add(target)
            self.file(link)

    def was_read(self, target: str) -> bool:
        """Whether the walk has found the file itself as an image."""
        folder, name = os.path.split(target)
        hidden = name.startswith(".") or name.lower() in SYSTEM
        image = Path(name).suffix.lower() in SUFFIXES
        return folder in self.read and image and not hidden
