"""Proxies: what listens on this machine is asked directly, all else as the user has set it up."""

from __future__ import annotations

import os

from lorvp.errors import InputError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EXCEPTIONS = ("no_proxy", "NO_PROXY")
"""Python reads the first if both are there, Go (in W&B) the second."""
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def keep_loopback_direct() -> None:
    """Ask no proxy for this machine, in this process and in those that it starts.

    Nothing changes where the environment names no proxy: on macOS the variable alone would
    switch off the system's own proxies.
    """
    if not proxies():
        return
    known = os.environ.get(EXCEPTIONS[0], os.environ.get(EXCEPTIONS[1], ""))
    for name in EXCEPTIONS:
        os.environ[name] = _with_loopback(os.environ.get(name, known))


def _with_loopback(exceptions: str) -> str:
    names = [name.strip() for name in exceptions.split(",") if name.strip()]
    missing = [name for name in LOOPBACK if name not in names]
    return ",".join(names if "*" in names else names + missing)


def proxies() -> dict[str, str]:
    """The variables that name a proxy, in small or capital letters."""
    names = [name for small in PROXIES for name in (small, small.upper())]
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def require_usable_proxies() -> None:
    """Prefect's HTTP client reads every proxy when it is made, also those that it will not ask.

    Raises:
        InputError: it cannot read one of them.
    """
    named = proxies()
    if not named:
        return
    import httpx

    try:
        httpx.Client().close()
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise InputError(
            f"Prefect's HTTP client cannot use a proxy of the environment ({', '.join(named)}): "
            f"{error}; write it as http://HOST:PORT or socks5://HOST:PORT, or unset it"
        ) from error
