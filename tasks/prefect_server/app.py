"""Prefect's server, which answers its own pages and this user's programs, and no other web page.

A page from anywhere can have the browser send requests to servers on this machine. Browsers name
the page's origin in each that could change something, and the name under which they found the
server in all; Prefect's own server looks at neither.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
POLICY = "frame-ancestors 'self'; connect-src 'self'"
"""Sent with each page: no other page may show it inside of itself, and it asks only this server."""
HOSTS = "LORVP_SERVER_HOSTS"
"""Other names under which the user's browser reaches the server, separated by commas."""


def guarded(app: ASGIApp, hosts: Iterable[str] = ()) -> ASGIApp:
    """``app`` for requests to a loopback address or one of ``hosts``, from its own pages only."""
    named = tuple(hosts)
    # Against a name of a stranger's that leads to this machine.
    return TrustedHostMiddleware(OwnPagesOnly(app, named), [*LOOPBACK, *named], www_redirect=False)


def named_hosts() -> list[str]:
    """The host names that the user has set in ``LORVP_SERVER_HOSTS``."""
    return [name.strip() for name in os.environ.get(HOSTS, "").split(",") if name.strip()]


class OwnPagesOnly:
    """Refuse requests from pages of another origin, and let no such page show ours."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...] = ()) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif self._is_own(Headers(scope=scope)):
            await self.app(scope, receive, _with_policy(send))
        else:
            refusal = PlainTextResponse("pages of another origin are refused", status_code=403)
            await refusal(scope, receive, send)

    def _is_own(self, headers: Headers) -> bool:
        """Whether a request is not from a foreign page. One without an origin comes from a program,
        or follows a link and only reads."""
        for origin in headers.getlist("origin"):
            parts = urlsplit(origin)
            # Behind a proxy that the user named, the server may be told another name.
            if parts.netloc != headers.get("host") and parts.hostname not in self.hosts:
                return False
        return True


def _with_policy(send: Send) -> Callable:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["Content-Security-Policy"] = POLICY
        await send(message)

    return sending
