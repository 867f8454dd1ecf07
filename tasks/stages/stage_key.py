"""Which dataset or checkpoint a command is to make.

DVC runs commands in a shell. So no name of params.yaml, which may come from a stranger, is in a
command of dvc.yaml; DVC passes it in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from lorvp.errors import InputError


def requested_name(section: str, names: Iterable[str], given: str | None) -> str:
    """The name ``given`` on the command line, else the key of DVC's stage ``SECTION@KEY``.

    Raises:
        InputError: there is neither, or params.yaml has no such name.
    """
    group, _, key = os.environ.get("DVC_STAGE", "").rpartition("@")
    of_this_stage = key if group.endswith(section) else None
    name = of_this_stage if given is None else given
    known = list(names)
    if name not in known:
        wrong = "no name was given" if name is None else f"params.yaml has no {name!r}"
        raise InputError(f"{section}: {wrong}; it has {', '.join(known) or 'none'}")
    return name
