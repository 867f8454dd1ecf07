"""Prefect's server for you alone, with a page of all runs, until Ctrl-C.

Unlike `prefect server start` it refuses what other web pages and users of this machine ask.
"""

from __future__ import annotations

import os
from typing import Annotated

import typer

from lorvp.errors import InputError
from tasks.orchestration.command_line import run
from tasks.prefect_server.login import SERVERS, login_file, own_login
from tasks.prefect_server.temporary import listen, quiet_prefect
from tasks.prefect_server.users import PORT, taken


def main(port: Annotated[int, typer.Argument(min=1, max=65535)] = PORT) -> None:
    """Serve until Ctrl-C.

    Raises:
        InputError: something else listens at this port.
    """
    if taken(port):
        raise InputError(f"something listens at 127.0.0.1:{port} already; name another port")
    quiet_prefect()
    where = ""
    if SERVERS not in os.environ:
        os.environ[SERVERS] = own_login()
        where = f" (its login is in {login_file()})"
    print(f"Prefect UI: http://127.0.0.1:{port}{where}", flush=True)
    listen(port)


if __name__ == "__main__":
    run(main, name="lorvp server")
