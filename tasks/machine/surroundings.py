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
"""What a run keeps outside of the project and where, by the variable that names the folder."""
ONLY_KNOWN = {"HOME"}
"""Has to exist, but need not be writable if the other variables name folders elsewhere."""


def require_places() -> None:
    """Require that a run can write to every folder that it needs outside of the project.

    A user without a name gets one, in this process and those that it starts.

    Raises:
        InputError: it cannot write to one; the message names the variables that name others.
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
    """Whether the environment or /etc/passwd has a name of the user.

    If not, one is made up: torch's compiler and W&B ask for it.
    """
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["USER"] = f"user{os.getuid()}"
        return False
    return True


def _problem(place: Callable[[], Path], only_known: bool) -> str:
    """Why the folder cannot be used; empty if all is well."""
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
