"""Make one dataset or one checkpoint."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rich.progress import MofNCompleteColumn
from rich.progress import Progress as Bars

from lorvp.datasets import made_from, prepared
from lorvp.datasets.base import DatasetSettings
from lorvp.datasets.folders import not_used
from lorvp.datasets.source import Sizes
from lorvp.datasets.write import write
from lorvp.experiment.params import Params
from lorvp.networks import checkpoint
from lorvp.networks.sources.base import NetworkConfig
from lorvp.training.determinism import make_repeatable
from lorvp.trials.versions import versions
from tasks.errors import naming
from tasks.machine.devices import devices, here, on_nodes
from tasks.machine.memory import keep_freed_memory
from tasks.paths import CHECKPOINTS, DATASETS, WORK
from tasks.settings import ComputeConfig, RunParams

LIBRARIES = ("numpy", "pillow", "scikit-learn", "simplejpeg", "torch")
"""Those that decode, draw and resize images; written down in each dataset's manifest."""


def prepare_dataset(name: str, params: Params) -> None:
    """Write data/datasets/NAME, unless it is there already and made from just this.

    Raises:
        ParamsError: the settings do not suit the source.
    """
    config, folder = params.datasets[name], DATASETS / name
    with naming(f"datasets.{name}"):
        now = made_from.of(config)
        differs = made_from.differences(folder, now)
        if not differs:
            print(f"{name}: up to date{made_from.how_compared(config, now)}")
            return
        if folder.exists():
            print(f"{name}: made again, since its {' and '.join(differs)} changed")
        _store(folder, config, {"made_from": now, "made_with": versions(*LIBRARIES)})
    _tell(name, config, prepared.read(folder))


def _store(folder: Path, config: DatasetSettings, facts: dict) -> None:
    make_repeatable()  # with one thread for each image, as images are what runs in parallel
    found = config.source()
    found = replace(found, facts=found.facts | facts)
    with Bars(*Bars.get_default_columns(), MofNCompleteColumn()) as bars:
        bar = bars.add_task(folder.name, total=sum(map(len, found.splits.values())))
        write(folder, found, WORK, lambda number: bars.advance(bar, number))


def _tell(name: str, config: DatasetSettings, stored: prepared.Prepared) -> None:
    sizes = ", ".join(f"{number:,} {split}" for split, number in stored.sizes.items())
    rest = not_used.told(stored.not_used)
    print(f"{name}: {len(stored.class_names)} classes; images: {sizes}{rest and '; ' + rest}")
    for note in stored.notes:
        print(f"note: {name}: {note}")
    _tell_of_other_sizes(name, config.expected(), stored)
    if stored.left_out:
        number, first = len(stored.left_out), stored.left_out[0]
        print(f"{name}: left out {number} images that cannot be read, the first: {first}")


def _tell_of_other_sizes(name: str, expected: Sizes | None, stored: prepared.Prepared) -> None:
    """A copy of a dataset that has lost a part of it looks like any other."""
    for part, wanted in expected._asdict().items() if expected else ():
        number = len(stored.class_names) if part == "classes" else stored.sizes[part]
        if abs(number - wanted) > max(1, wanted // 100):
            print(f"note: {name} has {number:,} {part}; by its published sizes, {wanted:,}")


def prepare_checkpoint(name: str, params: RunParams) -> None:
    """Write data/checkpoints/NAME, unless it is there already and made from just this.

    Raises:
        InputError: the settings do not suit the network, its weights cannot be had or used, or the
            device that is to train it is not here.
    """
    config, folder = params.checkpoints[name], CHECKPOINTS / name
    with naming(f"checkpoints.{name}"):
        now = config.made_from(DATASETS)
        if checkpoint.holds(folder, now):
            print(f"{name}: up to date")
            return
    device = _device_of(config, params.compute)
    keep_freed_memory()  # some checkpoints are trained
    make_repeatable()
    with naming(f"checkpoints.{name}"):
        made = config.make(DATASETS, device)
        print(f"{name}: {made.note}")
        checkpoint.write(folder, made.network, made.facts, WORK, now)


def _device_of(config: NetworkConfig, compute: ComputeConfig) -> str:
    """The device for ``config.make``: the one that trials get first, if it needs one.

    A checkpoint is made on this machine, whatever those of a cluster have.

    Raises:
        InputError: that device is not here.
    """
    if not config.trains:
        return "cpu"
    if compute.on_this_machine or compute.on_other_machines:
        return devices(here(compute))[0]
    return devices(on_nodes(compute))[0]
