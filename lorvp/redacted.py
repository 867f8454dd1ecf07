"""Texts without passwords and tokens: for messages, logs, and whatever else others may read."""

from __future__ import annotations

import os
import re

HIDDEN = "***"
SHORTEST = 8
"""Characters of a variable's value that is hidden; shorter ones may be any word."""

_NAMES = re.compile(r"(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|APIKEY|KEY|AUTH_STRING)(_|$)")
_USER = re.compile(r"(?<=://)[^\s/?#'\"]*@")
_QUERY = re.compile(
    r"(?i)([?&;](?:[\w-]*(?:token|secret|password|signature|credential|key)|sig|auth)=)[^&;#\s'\"]+"
)


def redacted(text: str) -> str:
    """``text`` with *** for the user in an address (``https://user:password@host``), for tokens in
    its query, and for the values of environment variables that are called like secrets."""
    for value in _secrets():
        text = text.replace(value, HIDDEN)
    return _QUERY.sub(rf"\g<1>{HIDDEN}", _USER.sub(f"{HIDDEN}@", text))


def _secrets() -> list[str]:
    """The longest first, since one may begin with another."""
    found = {v for name, v in os.environ.items() if _NAMES.search(name.upper())}
    return sorted((v for v in found if len(v) >= SHORTEST), key=len, reverse=True)
