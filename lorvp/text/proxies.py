"""Name the proxy of a download in messages, since a wrong proxy looks like a dead host."""

from __future__ import annotations

from urllib.parse import urlsplit


def via(url: str) -> str:
    """`` through the proxy ADDRESS``, without user and password; empty if there is no proxy."""
    from requests.utils import get_environ_proxies, select_proxy

    proxy = select_proxy(url, get_environ_proxies(url, no_proxy=None))
    if not proxy:
        return ""
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    return f" through the proxy {parts.scheme}://{parts.netloc.rpartition('@')[2]}"
