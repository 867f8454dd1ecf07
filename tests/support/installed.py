"""Packages in a folder as pip installs them: their modules, and what is written beside these."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

TEMPLATE = Path(__file__).with_name("template_package")


def install_template(folder: Path, source: Path = TEMPLATE) -> None:
    """Build and install the package in ``source``, without a network."""
    command = [shutil.which("uv") or "uv", "pip", "install", "--quiet", "--offline", "--no-deps"]
    subprocess.run([*command, "--target", str(folder), str(source)], check=True)


def write_package(
    folder: Path,
    name: str,
    groups: Mapping[str, Mapping[str, str]],
    files: Mapping[str, str],
    version: str = "1.0",
) -> None:
    """``groups``: entry points by group; ``files``: contents by path."""
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    lines = [
        line
        for group, points in groups.items()
        for line in [f"[{group}]", *(f"{key} = {value}" for key, value in points.items())]
    ]
    written = {
        about / "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        about / "entry_points.txt": "\n".join(lines),
        about / "RECORD": "".join(f"{path},,\n" for path in files),
        **{folder / path: text for path, text in files.items()},
    }
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
