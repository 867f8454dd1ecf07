"""Sentences that describe each target class, from a file of the user's.

The file is JSON as AttrVR and DVP publish it (`attributes/…_des.json`, `…_dist.json`,
`causes/…_cse_1.json`): ``{"class name": ["a sentence", …], …}``. Classes that the task does not
have are passed over. Names are compared as they stand in sentences: without case, and with spaces
for _ and -.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import model_validator

from lorvp.errors import InputError
from lorvp.files import strict_json
from lorvp.mappings.settings import MappingSettings, OwnFile
from lorvp.networks.interface import in_words
from lorvp.text.quoted import listed, shown

DescriptionsFile = Annotated[str, OwnFile()]
"""The path of such a file; ``{dataset}`` in it stands for the dataset's name."""
OptionalFile = Annotated[str | None, OwnFile()]
FORM = 'such a file is JSON: {"class name": ["a sentence", …], …}'
SHORTEST = 20
"""Characters. Shorter ones are left out, as in the published code: they are answers of a language
model that were cut off."""


def sentences(
    path: Path, target_names: Sequence[str], per_class: int, least: int = 1
) -> list[list[str]]:
    """The first ``per_class`` different sentences of each target class, in the order of the file.

    If a class has fewer they are repeated in turn, so that all classes have as many. (The published
    code draws ``per_class`` of them at random, with the trial's seed.)

    Raises:
        InputError: the file cannot be read, has another form, lacks a class, or has fewer than
            ``least`` sentences for it.
    """
    known = _by_word(path)
    _require_all(path, known, target_names)
    found = {name: _usable(path, name, known[in_words(name)]) for name in target_names}
    if few := [f"{name} ({len(own)})" for name, own in found.items() if len(own) < least]:
        raise InputError(
            f"{path}: at least {least} different sentences of {SHORTEST} characters or more are "
            f"needed for each class; too few for {listed(few)}"
        )
    return [list(islice(cycle(found[name]), per_class)) for name in target_names]


def require_sentences(
    settings: MappingSettings, target_names: Sequence[str], least: int = 1
) -> None:
    """Refuse files of a mapping that have not enough sentences for each class.

    Raises:
        InputError: as ``sentences``, with the mapping and the field.
    """
    for field, path in settings.files.items():
        try:
            sentences(path, target_names, least, least)
        except InputError as error:
            raise InputError(f"{field}: {error}") from error


class NearestSettings(MappingSettings):
    """Settings of a mapping that chooses the nearest of each class's sentences."""

    # Each kind declares these fields itself, as their order is the order in the schema.
    if TYPE_CHECKING:
        per_class: int
        nearest: int

    @model_validator(mode="after")
    def _chooses_among_enough(self) -> Self:
        if self.nearest > self.per_class:
            raise ValueError(
                f"nearest is {self.nearest} of per_class {self.per_class}; it should be no more"
            )
        return self

    def require_files(self, target_names: Sequence[str]) -> None:
        require_sentences(self, target_names, self.nearest)


def _by_word(path: Path) -> dict[str, Any]:
    """What the file has for each class, by its name as it stands in sentences."""
    if not path.is_file():
        raise InputError(f"there is no file {path}; {FORM}")
    held, known = _held(path, path.stat().st_mtime_ns, path.stat().st_size), {}
    if not isinstance(held, dict):
        raise InputError(f"{path} holds no classes; {FORM}")
    for name, own in held.items():
        if in_words(name) in known:
            raise InputError(f"{path}: two keys are the name {shown(in_words(name))}")
        known[in_words(name)] = own
    return known


@lru_cache(maxsize=4)
def _held(path: Path, changed: int, size: int) -> Any:
    """The file's contents, which a plan asks for once for each trial."""
    return strict_json.read(path)


def _require_all(path: Path, known: dict[str, Any], target_names: Sequence[str]) -> None:
    if missing := [name for name in target_names if in_words(name) not in known]:
        raise InputError(
            f"{path} has no sentences for {len(missing)} of {len(target_names)} classes: "
            f"{listed(missing)}. It has: {listed(list(known))}"
        )


def _usable(path: Path, name: str, own: Any) -> list[str]:
    """The different sentences of a class that are long enough."""
    if not isinstance(own, list) or not all(isinstance(sentence, str) for sentence in own):
        raise InputError(f"{path}: {shown(name)} has no list of sentences; {FORM}")
    return list(dict.fromkeys(sentence for sentence in own if len(sentence) >= SHORTEST))
