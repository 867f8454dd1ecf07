"""The login of Prefect servers.

A server that we start asks for a password that lies in a file which nobody but this user can
read: on a machine with several users all of them reach 127.0.0.1.
"""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from lorvp.errors import InputError
from tasks.prefect_server.loopback import LOOPBACK
from tasks.prefect_server.users import PATIENCE, prefect_home, setting_of_profile

CLIENTS, SERVERS = "PREFECT_API_AUTH_STRING", "PREFECT_SERVER_API_AUTH_STRING"


def login_file() -> Path:
    """Where the password of this user's servers lies."""
    return Path(prefect_home(os.environ)) / "lorvp-login"


def own_login() -> str:
    """The login of the servers that this user starts; it is made at the first call."""
    file = login_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        if not file.exists():
            handle, scratch = tempfile.mkstemp(prefix=".lorvp-login~", dir=file.parent)  # 0600
            with os.fdopen(handle, "w") as written:
                written.write(f"lorvp:{secrets.token_urlsafe(24)}")
            os.replace(scratch, file)
    return file.read_text().strip()


@contextmanager
def logged_in(login: str) -> Iterator[None]:
    """Prefect's clients in this process, and in those that it starts, know ``login``."""
    before = os.environ.get(CLIENTS)
    os.environ[CLIENTS] = login
    try:
        yield
    finally:
        del os.environ[CLIENTS]
        if before is not None:
            os.environ[CLIENTS] = before


def log_in(url: str) -> None:
    """Let Prefect's clients know the login of the user's server at ``url``, if it asks for one.

    Raises:
        InputError: it asks for one that is not known here.
    """
    if os.environ.get("PREFECT_API_KEY"):  # another way to log in, which Prefect itself knows
        return
    known = os.environ.get(CLIENTS) or setting_of_profile(CLIENTS)
    if lets_in(url, known):
        return
    if not known and urlsplit(url).hostname in LOOPBACK and login_file().exists():
        known = own_login()
        if lets_in(url, known):
            os.environ[CLIENTS] = known
            return
    wrong = "does not take the login in" if known else "asks for a login; set"
    raise InputError(f"the Prefect server at {url} {wrong} {CLIENTS}")


def login_hint() -> str:
    """Where the user finds the login of the UI, if it is the one that we made; else nothing."""
    ours = login_file().exists() and os.environ.get(CLIENTS) == own_login()
    return f" (its login is in {login_file()})" if ours else ""


def lets_in(url: str, login: str | None) -> bool:
    """Whether the server at ``url`` takes this login; None is no login.

    Raises:
        InputError: the server does not answer.
    """
    import httpx

    word = base64.b64encode((login or "").encode()).decode()
    headers = {"Authorization": f"Basic {word}"} if login else {}
    try:
        answer = httpx.get(f"{url}/admin/version", headers=headers, timeout=PATIENCE)
    except httpx.HTTPError as error:
        raise InputError(f"the Prefect server at {url} does not answer: {error}") from error
    return answer.status_code not in (401, 403)
