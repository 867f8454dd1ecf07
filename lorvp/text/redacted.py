"""Texts without passwords and tokens: for messages, logs, and whatever else others may read."""

from __future__ import annotations

import os
import re

HIDDEN = "***"
SHORTEST = 8
"""Characters of a variable's value that is hidden; shorter ones may be any word."""

_NAMES = re.compile(
    r"(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?|APIKEY|KEY|AUTH_STRING|CONNECTION_STRING)(_|$)"
)
_TOKENS = re.compile(r"\b(hf_|pnu_|pnb_|wandb_v1_|ghp_|github_pat_)[A-Za-z0-9_-]{16,}")
"""Of the Hugging Face hub, Prefect Cloud, W&B and GitHub, which are kept in files too."""
_HEADER = re.compile(r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?(?:bearer|basic))\s+[^\s'\"]+")
_USER = re.compile(r"(?<=://)[^\s/?#'\"]*@")
_QUERY = re.compile(
    r"(?i)([?&;](?:[\w-]*(?:token|secret|password|signature|credential|key)|sig|auth)=)[^&;#\s'\"]+"
)


_hidden: set[str] = set()


def hide(secret: str) -> None:
    """Have ``redacted`` hide ``secret`` too, in this process; one too short may be any word."""
    _hidden.update({secret} if len(secret) >= SHORTEST else ())


def redacted(text: str) -> str:
    """``text`` with *** for the user in an address (``https://user:password@host``), for tokens in
    its query, for logins of HTTP, for tokens of services by their look, for the values of
    environment variables that are called like secrets, and for what ``hide`` was told."""
    for value in _secrets():
        text = text.replace(value, HIDDEN)
    text = _HEADER.sub(rf"\g<1> {HIDDEN}", _TOKENS.sub(rf"\g<1>{HIDDEN}", text))
    return _QUERY.sub(rf"\g<1>{HIDDEN}", _USER.sub(f"{HIDDEN}@", text))


def _secrets() -> list[str]:
    """The longest first, since one may begin with another."""
    found = _hidden | {v for name, v in os.environ.items() if _NAMES.search(name.upper())}
    return sorted((v for v in found if len(v) >= SHORTEST), key=len, reverse=True)
