"""`tracking` in params.yaml: who is told of trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import create_model

from lorvp.plugins.named import Others
from lorvp.settings import Settings

TRACKERS = {"wandb": "tasks.tracking.wandb", "tensorboard": "tasks.tracking.tensorboard"}
"""What is told of trials while they train: the module of each tracker by its key in ``tracking``.
It has ``require``, ``start`` and ``publish``, see ``tasks/tracking/tracker.py``."""
OTHER_TRACKERS = Others(
    "lorvp.trackers", (*TRACKERS, "project", "entity"), ("NAME", "require", "start", "publish")
)
TRACKERS |= OTHER_TRACKERS.places

OFF = ("disabled", False)
"""Values of a tracker's key that switch it off."""
Mode = Literal["disabled", "offline", "online"]


class TrackingConfig(Settings):
    """Who is told of the trials, one run for each. Nothing here changes a result."""

    wandb: Mode = "disabled"
    """Weights & Biases; offline writes to data/wandb without an account; online needs a login."""
    project: str = "lorvp"
    entity: str | None = None
    tensorboard: bool = False
    """Event files in data/tensorboard (`uv sync --extra tensorboard`)."""

    @property
    def services(self) -> list[Any]:
        """The modules of those trackers that are switched on."""
        on = [key for key in TRACKERS if getattr(self, key) not in OFF]
        return [OTHER_TRACKERS.resolved(TRACKERS, key) for key in on]


if not TYPE_CHECKING and OTHER_TRACKERS.places:  # each has a key, as ours have
    keys = dict.fromkeys(OTHER_TRACKERS.places, (Mode, "disabled"))
    TrackingConfig = create_model(
        "TrackingConfig", __base__=TrackingConfig, __module__=__name__, **keys
    )
