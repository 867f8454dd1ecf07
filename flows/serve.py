"""Put the grid of this folder into Prefect's UI, with a form to run it, until Ctrl-C.

The UI is that of your own server (`lorvp server`), or of the one that PREFECT_API_URL names.
"""

from __future__ import annotations

import os
from pathlib import Path

from lorvp.errors import InputError
from tasks import settings
from tasks.machine.surroundings import require_places
from tasks.orchestration.command_line import run
from tasks.prefect_server.foreign_pages import require_closed
from tasks.prefect_server.login import log_in
from tasks.prefect_server.loopback import require_usable_proxies
from tasks.prefect_server.temporary import quiet_prefect
from tasks.prefect_server.users import LOCAL, note_on_foreign_server, users_api

ABOUT = "The grid of params.yaml in {}, with what the form says in place of what it says."
OTHERS = ", or start your own with `lorvp server PORT` and name that"
NONE = (
    f"no Prefect server answers at {LOCAL.removesuffix('/api')}; start one beside with "
    "`lorvp server`, or set PREFECT_API_URL to your own"
)


def main() -> None:
    """Serve the form until Ctrl-C; one run at a time, since each takes all workers.

    Raises:
        InputError: params.yaml is wrong, or there is no server, or one that is open to anybody.
    """
    experiment = settings.read()
    require_places()
    quiet_prefect()
    require_usable_proxies()
    url = users_api()
    if url is None:
        raise InputError(f"{there}{OTHERS}" if (there := note_on_foreign_server()) else NONE)
    log_in(url)
    require_closed(url)
    os.environ["PREFECT_API_URL"] = url
    os.environ.setdefault("PREFECT_RUNNER_POLL_FREQUENCY", "3")  # seconds from the form to the run
    from prefect.types.entrypoint import EntrypointType

    from flows.form import offer, train_grid

    folder = Path.cwd()
    offer(experiment)
    train_grid.serve(
        folder.name,
        description=ABOUT.format(folder),
        tags=[str(folder)],
        limit=1,
        enforce_parameter_schema=False,  # a mistake is told on the run's page, in our words
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


if __name__ == "__main__":
    run(main, name="lorvp serve")
