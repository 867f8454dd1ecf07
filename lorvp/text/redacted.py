"""Remove passwords and tokens from messages, logs and other text that others may read."""

from __future__ import annotations

import os
import re
from functools import cache

HIDDEN = "***"
SHORTEST = 8
"""Characters of the shortest value that is hidden; a shorter one may be an ordinary word."""

_NAMES = re.compile(
    r"(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|APIKEY|KEY|AUTH_STRING|CONNECTION_STRING)(_|$)"
)
_TOKENS = re.compile(r"\b(hf_|pnu_|pnb_|wandb_v1_|ghp_|github_pat_)[A-Za-z0-9_-]{16,}")
"""Tokens of the Hugging Face hub, Prefect Cloud, W&B and GitHub, which may come from files."""
_HEADER = re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:bearer|basic))\s+[^\s'\"]+")
_USER = re.compile(r"(?<=://)[^\s/?#'\"]*@")
_QUERY = re.compile(
    r"(?i)([?&;](?:[\w-]*(?:token|secret|password|signature|credential|key)|sig|auth)=)[^&;#\s'\"]+"
)


_hidden: set[str] = set()


def hide(secret: str) -> None:
    """Let ``redacted`` hide ``secret`` too, in this process, unless it is too short."""
    _hidden.update({secret} if len(secret) >= SHORTEST else ())


def redacted(text: str) -> str:
    """``text`` with ``***`` in place of secrets.

    Secrets are the user in an address (``https://user:password@host``), tokens in its query, HTTP
    logins, strings that look like tokens of known services, values of environment variables that
    are named like secrets, and what ``hide`` was given.
    """
    for value in _secrets():
        text = text.replace(value, HIDDEN)
    text = _HEADER.sub(rf"\g<1> {HIDDEN}", _TOKENS.sub(rf"\g<1>{HIDDEN}", text))
    return _QUERY.sub(rf"\g<1>{HIDDEN}", _USER.sub(f"{HIDDEN}@", text))


def _secrets() -> list[str]:
    """All secrets, the longest first, since one may begin with another."""
    found = _hidden | {v for name, v in os.environ.items() if _is_secret(name)}
    return sorted((v for v in found if len(v) >= SHORTEST), key=len, reverse=True)


@cache
def _is_secret(name: str) -> bool:
    """Of a variable; asked for all of them at every error, and a plan may meet thousands."""
    return _NAMES.search(name.upper()) is not None
