"""What decides whether a trial has to be trained again: all that can change its result."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from lorvp.code_digest import PIXELS, digest_of
from lorvp.experiment.trial import Trial
from lorvp.files.whole import canonical
from lorvp.settings import parts

FORMAT = 2
"""Of the trial's folder; a change of its files' meaning changes every fingerprint."""

CODE = {"lorvp.trials.finish"}
"""Where all code begins by which any trial is computed and written down; besides, its method,
mapping and training have theirs. The network's is in its checkpoint's digest."""


def identity(
    trial: Trial,
    dataset_digest: str,
    checkpoint_digest: str,
    files: Mapping[str, str | None] | None = None,
) -> dict:
    """All that can change the result: settings, bytes of data, weights and the mapping's files,
    code.

    The names of dataset and network are left out, since their bytes stand for them; so do those of
    the mapping's files, whose digests stand in place of paths. ``files``: these digests by field,
    where the files are elsewhere; they are read unless it is given.
    """
    files = trial.mapping.digests() if files is None else files
    hashed = trial.model_copy(update={"mapping": trial.mapping.model_copy(update=files)})
    _, *settings = parts(trial)  # the trial's own class only holds the others together
    modules = {type(part).__module__ for part in settings} | CODE
    return {
        "format": FORMAT,
        "settings": hashed.model_dump(mode="json", exclude={"dataset", "network"}),
        "dataset": dataset_digest,
        "checkpoint": checkpoint_digest,
        "code": digest_of(modules, PIXELS),
    }


def going_on(identity: dict) -> dict:
    """The identity of the trial that a stopped one becomes if it goes on: their states after each
    epoch are the same. That of a trial that is not stopped is its own."""
    settings = identity.get("settings", {})
    if settings.get("stop_after") is None:
        return identity
    return identity | {"settings": settings | {"stop_after": None}}


def fingerprint(identity: dict) -> str:
    """The name of a trial's folder: 20 hex digits of a hash over its identity."""
    return hashlib.sha256(canonical(identity)).hexdigest()[:20]
