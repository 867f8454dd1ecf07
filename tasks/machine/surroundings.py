"""Users without a name, a home, or a place to write, as in containers: told before work starts."""

from __future__ import annotations

import getpass
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from lorvp.errors import InputError
from lorvp.trials.store import default_root

PLACES: dict[str, tuple[str, Callable[[], Path]]] = {
    "LORVP_STORE": ("finished trials, which should outlive a container", default_root),
    "PREFECT_HOME": (
        "Prefect's settings and its record of runs",
        lambda: Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser(),
    ),
    "HOME": ("what Prefect, W&B and the Hugging Face hub keep for a user", Path.home),
    "TMPDIR": ("scratch files", lambda: Path(tempfile.gettempdir())),
}
"""By the variable that says where: what a run keeps outside of the project."""
ONLY_KNOWN = {"HOME"}
"""Need not be written to where the others are elsewhere."""


def require_places() -> None:
    """A run can write to every folder that it needs outside of the project.

    A user without a name gets one, in this process and those that it starts.

    Raises:
        InputError: it cannot; the message names each variable that says where else.
    """
    named = name_the_user()
    lines = []
    for name, (what, place) in PLACES.items():
        if why := _problem(place, name in ONLY_KNOWN):
            lines.append(f"  {name} ({what}): {why}")
    if lines and not named:
        lines.append("  USER (DVC asks for it): user has no entry in /etc/passwd")
    if lines:
        raise InputError(f"user {os.getuid()} lacks what a run needs; set\n" + "\n".join(lines))


def name_the_user() -> bool:
    """Whether the user has a name. torch's compiler and W&B ask for one; it is made up here where
    neither the environment nor /etc/passwd has it."""
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["USER"] = f"user{os.getuid()}"
        return False
    return True


def _problem(place: Callable[[], Path], only_known: bool) -> str:
    """Why there is no such folder, or nothing can be written to it; empty if all is well."""
    try:
        folder = place()
    except (RuntimeError, OSError) as error:  # no home to put it in, no folder for scratch files
        return str(error)
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if only_known or (there.is_dir() and _may_write(there)):
        return ""
    return f"{folder} cannot be written to"


def _may_write(folder: Path) -> bool:
    return os.access(
        folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids
    )
