"""The schema of trial.json, checked before a prompt is used, since it may come from anybody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lorvp.datasets.pixels.view import View
from lorvp.errors import InputError
from lorvp.experiment.trial import Trial
from lorvp.files import strict_json
from lorvp.files.whole import to_json
from lorvp.plugins.found import installed_version
from lorvp.settings import Name
from lorvp.text.problems import told
from lorvp.trials.identity import FORMAT, fingerprint
from lorvp.trials.verified import is_search, verified
from lorvp.version import VERSION

Text = Annotated[str, Field(max_length=10_000)]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[float, Field(ge=0, le=1)]
Number = Annotated[int, Field(ge=0, le=10**12)]


class _Part(BaseModel):
    """The base of all parts: unknown keys are ignored."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class Identity(_Part):
    """The part that the fingerprint is computed from."""

    format: Number
    settings: dict[str, Any]
    """Checked by ``Trial``."""


class Task(_Part):
    """The target task."""

    dataset: Name
    class_names: Annotated[list[Text], Field(min_length=1, max_length=2**20)]
    view: View | None


class Network(_Part):
    """The frozen network."""

    name: Name
    architecture: Text
    source: Text
    weights_sha256: Digest


class Environment(_Part):
    """Versions of libraries that trained the prompt."""

    lorvp: Text
    torch: Text


class Summary(_Part):
    """The numbers of a prompt that are shown."""

    val_accuracy: Share
    test_accuracy: Share
    best_epoch: Number
    content_values: Number
    trained_values: Number
    seconds: Annotated[float, Field(ge=0, le=1e12)]


class Record(_Part):
    """All keys of trial.json that are used."""

    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{20}$")]
    name: Text
    identity: Identity
    task: Task
    network: Network
    environment: Environment
    summary: Summary
    packages: dict[Text, Text] = {}
    """Other people's packages whose kinds it has, and their versions when it was trained."""


def read(folder: Path) -> dict[str, Any]:
    """trial.json of a prompt, once all its files have been checked.

    Raises:
        InputError: there is none, it is damaged, or it is of another version.
    """
    if not (folder / "trial.json").exists():
        raise InputError(f"{folder} holds no trained prompt: it has no trial.json")
    record = verified(folder)
    if record is None:
        raise InputError(f"{folder} is damaged: its files are not those that trial.json tells of")
    if is_search(record):
        raise InputError(f"{folder} is a setting that a search tried, and no trained prompt")
    _require_readable(record, folder)
    return record


def is_tried(folder: Path) -> bool:
    """Whether a folder says that it is of a setting that a search tried. One that says nothing
    readable is refused when it is read."""
    try:
        record = strict_json.read(folder / "trial.json")
        return is_search(record)
    except (InputError, KeyError, TypeError, AttributeError):
        return False


def _require_readable(record: dict[str, Any], folder: Path) -> None:
    """Check that a record is of this version and has all keys.

    Raises:
        InputError: it is of another version, or damaged.
    """
    version = _at(record, "identity", "format")
    if isinstance(version, int) and version != FORMAT:
        raise InputError(
            f"{folder} was written by lorvp {_at(record, 'environment', 'lorvp')} in format "
            f"{version}; lorvp {VERSION} reads format {FORMAT}"
        )
    try:
        found = Record.model_validate(record)
    except ValidationError as error:
        raise InputError(f"{folder / 'trial.json'} cannot be used: {told(error)}") from error
    if found.fingerprint != fingerprint(record["identity"]):
        raise InputError(f"{folder} is damaged: its fingerprint is not that of its settings")


def _at(record: dict[str, Any], part: str, key: str) -> Any:
    inner = record.get(part)
    return inner.get(key) if isinstance(inner, dict) else None


def trial_of(record: dict[str, Any]) -> Trial:
    """The settings that a prompt was trained with.

    Raises:
        InputError: this version has no such settings.
    """
    names = {"dataset": record["task"]["dataset"], "network": record["network"]["name"]}
    settings = record["identity"]["settings"]
    try:
        return Trial.model_validate_json(to_json(settings | names))
    except ValidationError as error:
        reason = f"trial.json: identity.settings: {told(error)}"
        raise InputError(reason + _of_packages(record)) from error


def _of_packages(record: dict[str, Any]) -> str:
    """Which packages, in which versions, know the kinds of a prompt and are not here."""
    made_with = record.get("packages", {})
    other = {name: v for name, v in made_with.items() if installed_version(name) != v}
    if not other:
        return ""
    named = " and ".join(f"{name} {version}" for name, version in other.items())
    here = ", ".join(f"{name} {installed_version(name) or 'not installed'}" for name in other)
    return f". It was trained with {named} (here: {here}); install what it was trained with"
