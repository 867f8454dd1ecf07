"""Which dataset or checkpoint a command is to make.

DVC runs commands in a shell. So no name of params.yaml, which may come from a stranger, stands in
a command of dvc.yaml; DVC hands it over in the environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

from lorvp.errors import InputError


def asked_for(section: str, names: Iterable[str]) -> str:
    """The first argument of the command line, else the key of DVC's stage ``SECTION@KEY``.

    Raises:
        InputError: there is neither, or params.yaml has no such name.
    """
    group, _, key = os.environ.get("DVC_STAGE", "").rpartition("@")
    of_this_stage = key if group.endswith(section) else None
    name = sys.argv[1] if len(sys.argv) > 1 else of_this_stage
    known = list(names)
    if name not in known:
        given = "no name was given" if name is None else f"params.yaml has no {name!r}"
        raise InputError(f"{section}: {given}; it has {', '.join(known) or 'none'}")
    return name
