"""W&B's key in ~/.netrc, where `wandb login` keeps it, is hidden as those of the environment are.

It is read here and not in ``lorvp``, and only by a process that is about to hand it to W&B: no
other message can quote it, and whoever tracks nothing has no file opened that holds passwords.
"""

from __future__ import annotations

import os
from netrc import NetrcParseError, netrc

from lorvp.text.redacted import hide


def hide_key() -> None:
    """And the other passwords there, since a W&B of one's own has any name. A file that is not
    there, or that W&B cannot read either, holds no key."""
    for file in _files():
        try:
            found = netrc(file).hosts.values()
        except (OSError, UnicodeDecodeError, NetrcParseError):
            continue
        for _, _, password in found:
            hide(password or "")


def _files() -> list[str]:
    """Where W&B looks."""
    named = os.environ.get("NETRC")
    files = [named] if named else ["~/.netrc", "~/_netrc"]
    return [os.path.expanduser(file) for file in files]  # which leaves ~ to users without a home
