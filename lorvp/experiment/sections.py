"""Checks of params.yaml that need more than one of its sections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from lorvp.datasets.base import DatasetSettings
from lorvp.datasets.image_files import TestOnly
from lorvp.experiment.searches import Search
from lorvp.experiment.trial import Point
from lorvp.text.problems import Problem
from lorvp.text.quoted import listed, shown


def unknown_datasets(sections: dict) -> Iterator[Problem]:
    """Checkpoints to be trained on a dataset that the file does not have."""
    datasets, checkpoints = sections.get("datasets"), sections.get("checkpoints")
    if not isinstance(datasets, dict) or not isinstance(checkpoints, dict):
        return
    for name, settings in checkpoints.items():
        wanted = settings.get("dataset") if isinstance(settings, dict) else None
        if isinstance(wanted, str) and wanted not in datasets:
            message = f"there is no dataset {shown(wanted)} in this file. There is: "
            yield Problem(("checkpoints", name, "dataset"), message + listed(datasets))


def without_training_images(
    datasets: Mapping[str, DatasetSettings], sections: dict
) -> Iterator[Problem]:
    """Test-only datasets whose ``of`` the file does not have, or that something would train on."""
    only = {name: d for name, d in datasets.items() if isinstance(d, TestOnly)}
    for name, config in only.items():
        if config.of not in datasets:
            place = ("datasets", name, "of")
            yield Problem(place, f"there is no dataset {shown(config.of)} in this file")
    users = {("checkpoints", n): c for n, c in sections.get("checkpoints", {}).items()}
    users |= {("grid", n): block for n, block in sections.get("grid", {}).items()}
    for place, settings in users.items():
        chosen = settings.get("dataset")
        chosen = chosen if isinstance(chosen, list) else [chosen]
        for name in (name for name in only if name in chosen):
            message = f"{name} has only test images; prompts of {only[name].of} are tested on it"
            yield Problem((*place, "dataset"), message)


def same_names(found: Sequence[Point]) -> list[Problem]:
    """Different trials with one name, which the tables would take for one trial."""
    counts = Counter(point.name for point in found)
    return _twice(name.rpartition(" · ")[0] for name, count in counts.items() if count > 1)


def same_searches(found: Sequence[Search]) -> list[Problem]:
    """Different searches with one name; a search of which there are two is as wrong."""
    counts = Counter(search.name for search in found)
    return _twice(name for name, count in counts.items() if count > 1)


def _twice(names: Iterable[str]) -> list[Problem]:
    twice = dict.fromkeys(names)
    advice = "give a method or mapping another name and say its kind below it"
    return [
        Problem(("grid",), f"different settings share the name {shown(name)}; {advice}")
        for name in twice
    ]
