"""Whether a Prefect server does what any web page asks, which could then start runs."""

from __future__ import annotations

from lorvp.errors import InputError
from tasks.prefect_server.login import lets_in
from tasks.prefect_server.users import PATIENCE

FOREIGN_HOST = "stranger.invalid"
"""A name that leads nowhere; only its being foreign counts."""


def require_closed(url: str) -> None:
    """Refuse a server that any web page could use.

    Raises:
        InputError: the server asks for no login, and answers pages of other origins.
    """
    if lets_in(url, None) and _answers_foreign_pages(url):
        raise InputError(
            f"the Prefect server at {url.removesuffix('/api')} asks for no login, so any web page "
            "that you open could start runs through it; stop it and start one that does with "
            "`lorvp server`, or start yours with PREFECT_SERVER_API_AUTH_STRING and set "
            "PREFECT_API_AUTH_STRING here to the same"
        )


def _answers_foreign_pages(url: str) -> bool:
    """Whether the server answers under a foreign host name, or to a page of another origin."""
    import httpx

    for headers in ({"Host": FOREIGN_HOST}, {"Origin": f"http://{FOREIGN_HOST}"}):
        answer = httpx.get(f"{url}/admin/version", headers=headers, timeout=PATIENCE)
        if answer.status_code == 200:
            return True
    return False
