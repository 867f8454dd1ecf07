"""Which Prefect server is the user's own: the one they name, or one that they started here.

A server on the usual port that somebody else started is not joined: their runs and ours would
mix, and each could cancel the other's.
"""

from __future__ import annotations

import os
import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil

from lorvp.errors import InputError
from lorvp.text.proxies import via
from tasks.prefect_server.loopback import LOOPBACK

if TYPE_CHECKING:
    import httpx

PORT = 4200
"""Where Prefect's server listens unless told otherwise."""
LOCAL = f"http://127.0.0.1:{PORT}/api"
PATIENCE = 10
"""Seconds for one answer, also of a server on a machine that is busy training."""
HERE = ("127.0.0.1", "0.0.0.0", "::")
"""Addresses at which a process listens that takes calls to 127.0.0.1."""


def users_api() -> str | None:
    """The address of the user's own Prefect API, if there is one.

    Raises:
        InputError: the server that the environment or the user's profile names does not answer.
    """
    if chosen := os.environ.get("PREFECT_API_URL"):
        _require_answer(chosen, f"PREFECT_API_URL is {chosen}", "unset the variable")
        return chosen
    profiles = url_of_profile()
    if profiles and (answers(profiles) or urlsplit(profiles).hostname not in LOOPBACK):
        named = f"your Prefect profile names {profiles}"
        _require_answer(profiles, named, "run `prefect profile use ephemeral`")
        return profiles
    return LOCAL if answers(LOCAL) and started_by_this_user(PORT) else None


def note_on_foreign_server() -> str:
    """A sentence on the server at the usual port if ``users_api`` did not take it; else nothing."""
    if not answers(LOCAL):
        return ""
    return (
        f"the Prefect server at {LOCAL.removesuffix('/api')} is not known to be yours (another "
        f"user or another PREFECT_HOME started it); to use it, set PREFECT_API_URL={LOCAL}"
    )


def answers(url: str) -> bool:
    """Whether a Prefect API answers at ``url``; it is asked as Prefect itself will ask."""
    import httpx

    try:
        if httpx.get(f"{url}/health", timeout=PATIENCE).status_code != 200:
            return False
        return _is_of_prefect(httpx.get(f"{url}/admin/version", timeout=PATIENCE))
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _is_of_prefect(version: httpx.Response) -> bool:
    """Whether the answer is Prefect's: many a server says that it is well, or the same to all."""
    if version.status_code in (401, 403):  # it asks for a login
        return True
    try:
        return version.status_code == 200 and isinstance(version.json(), str)
    except ValueError:
        return False


def _require_answer(url: str, named: str, instead: str) -> None:
    if not answers(url):
        raise InputError(
            f"{named}, but no Prefect server answers there{via(url)}; start it with "
            f"`lorvp server`, or {instead} to run without one"
        )


def url_of_profile() -> str | None:
    """The address of the API that the user's Prefect profile names."""
    return setting_of_profile("PREFECT_API_URL")


def setting_of_profile(name: str) -> str | None:
    """A setting of the Prefect profile that is in use; None if it is not set there.

    It is read here since Prefect, once imported, keeps the settings that it found.
    """
    place = os.environ.get("PREFECT_PROFILES_PATH")
    file = Path(place) if place else Path(prefect_home(os.environ), "profiles.toml")
    try:
        known = tomllib.loads(file.read_text())
    except (OSError, ValueError):
        return None  # Prefect itself warns of a file that it cannot read
    profile = os.environ.get("PREFECT_PROFILE") or known.get("active")
    return known.get("profiles", {}).get(profile, {}).get(name)


def taken(port: int) -> bool:
    """Whether anything listens at this port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def started_by_this_user(port: int) -> bool:
    """Whether this user started the server at ``port``, with the same PREFECT_HOME.

    False also where the system does not tell, such as on macOS, or of a process in a container.
    """
    try:
        sockets = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return False
    places = {(address, port) for address in HERE}
    listening = [s for s in sockets if s.status == psutil.CONN_LISTEN]
    owners = [s.pid for s in listening if tuple(s.laddr) in places]
    return bool(owners) and all(pid is not None and _started_by_us(pid) for pid in owners)


def _started_by_us(pid: int) -> bool:
    process = psutil.Process(pid)
    try:
        home = prefect_home(process.environ())
        return process.uids().real == os.getuid() and home == prefect_home(os.environ)
    except psutil.Error:
        return False


def prefect_home(environment: Mapping[str, str]) -> str:
    """The folder with Prefect's database and profiles, for a process with this environment."""
    home = environment.get("PREFECT_HOME") or "~/.prefect"
    if home.startswith("~/") and "HOME" in environment:
        home = environment["HOME"] + home[1:]
    return os.path.realpath(os.path.expanduser(home))
