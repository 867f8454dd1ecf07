"""How fast images are prepared: ours, once, against the published loaders, once an epoch.

`python -m tests.benchmarks.preparation` prints images per second of processor time, our threads
and their worker processes counted in full. Ours decodes, resizes and stores; the published way
(LoR-VP, ILM-VP) opens with Pillow, resizes to the network's size and makes a float tensor, in two
worker processes of a DataLoader. It does so again in every epoch; one pass is compared.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import Compose, Resize, ToTensor

from lorvp.datasets.pixels.files import ImageFiles
from lorvp.datasets.pixels.view import View
from lorvp.datasets.source import ImageArray, Images, Source
from lorvp.datasets.write import write
from lorvp.results.tables import markdown

ROUNDS, WORKERS = 5, 2


@dataclass(frozen=True)
class Case:
    """``number`` images of one kind, which both ways bring to one size."""

    name: str
    number: int
    ours: int
    theirs: int
    load: Callable[[Path, int, int], tuple[Images, list]]
    """Makes images of a number and size in a folder: ours, and the published loader's items."""


def arrays(folder: Path, number: int, size: int) -> tuple[Images, list]:
    """Images in memory, as CIFAR's are."""
    images_NHWC = np.random.default_rng(0).integers(0, 256, (number, size, size, 3), np.uint8)
    return ImageArray(images_NHWC), list(images_NHWC)


def small_files(folder: Path, number: int, size: int) -> tuple[Images, list]:
    """Files of 64 x 64 pixels, as Tiny-ImageNet's are."""
    return files(folder, number, size, (64, 64), quality=90)


def photographs(folder: Path, number: int, size: int) -> tuple[Images, list]:
    """Files of the size of ImageNet's, about 80 kB each."""
    return files(folder, number, size, (350, 400), quality=94)


CASES = [
    Case("arrays of 32²", 2000, 32, 224, arrays),
    Case("arrays of 32², same size", 20_000, 32, 32, arrays),
    Case("JPEG of 64²", 1500, 64, 224, small_files),
    Case("JPEG of 64², same size", 5000, 64, 64, small_files),
    Case("JPEG of 350 x 400", 600, 224, 224, photographs),
]


def files(
    folder: Path, number: int, size: int, shape: tuple[int, int], quality: int
) -> tuple[Images, list]:
    """Twenty pictures, repeated up to the number."""
    folder.mkdir()
    drawn = [picture(shape, quality, seed) for seed in range(20)]
    paths = [folder / f"{n}.jpg" for n in range(number)]
    for n, path in enumerate(paths):
        path.write_bytes(drawn[n % len(drawn)])
    return ImageFiles(paths, View(size=size)), paths


def picture(shape: tuple[int, int], quality: int, seed: int) -> bytes:
    """A JPEG of waves of all lengths down to three pixels, so that it has detail without noise."""
    rng, (y, x) = np.random.default_rng(seed), np.mgrid[: shape[0], : shape[1]]
    image_HWC = np.zeros((*shape, 3))
    for length in np.geomspace(3, 200, 60):
        turn, phase = rng.uniform(0, 2 * np.pi, 2)
        wave = np.sin((np.cos(turn) * x + np.sin(turn) * y) * 2 * np.pi / length + phase)
        image_HWC += wave[..., None] * rng.normal(size=3) * length**0.2
    image_HWC = 127 + 45 * image_HWC / image_HWC.std()
    file = BytesIO()
    Image.fromarray(image_HWC.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return file.getvalue()


class Published(Dataset):
    """One image at a time, as the published scripts load them."""

    def __init__(self, items: list, size: int) -> None:
        self.items = items
        self.transform = Compose([Resize((size, size)), ToTensor()])

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> torch.Tensor:
        item = self.items[row]
        if isinstance(item, Path):
            with Image.open(item) as image:
                return self.transform(image.convert("RGB"))
        return self.transform(Image.fromarray(item))


def prepare(images: Images, folder: Path) -> None:
    rows = {"train": np.arange(len(images)), "val": np.arange(0), "test": np.arange(0)}
    labels_N = np.zeros(len(images), dtype=np.int64)
    write(folder, Source(images, labels_N, rows, ["one"], "a benchmark"), threads=WORKERS)


def load(items: list, size: int) -> None:
    for _ in DataLoader(Published(items, size), batch_size=128, num_workers=WORKERS):
        pass


def measured(work: Callable[[], None]) -> tuple[float, float]:
    """CPU seconds of this process and those it started, and seconds by the clock."""
    before, start = _processor(), time.perf_counter()
    work()
    return _processor() - before, time.perf_counter() - start


def _processor() -> float:
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def compared(case: Case, folder: Path) -> dict[str, str | float]:
    """Medians of runs in turns, after one of each that warms caches."""
    images, items = case.load(folder / "raw", case.number, case.ours)
    ways = {
        "ours": lambda: prepare(images, folder / "prepared"),
        "published": lambda: load(items, case.theirs),
    }
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS + 1):
        for name, way in ways.items():
            seconds[name].append(measured(way))
    cpu, clock = (
        {name: median(run[n] for run in runs[1:]) for name, runs in seconds.items()} for n in (0, 1)
    )
    return {
        "images": case.name,
        "our size": case.ours,
        "their size": case.theirs,
        "ours, images per core-second": round(case.number / cpu["ours"]),
        "published, images per core-second": round(case.number / cpu["published"]),
        "ratio": round(cpu["published"] / cpu["ours"], 1),
        "ratio by the clock": round(clock["published"] / clock["ours"], 1),
    }


def main() -> None:
    torch.set_num_threads(1)  # as in `flows.datasets`: images are what runs in parallel
    rows = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(compared(case, Path(folder)))
    print(markdown(pl.DataFrame(rows)))


if __name__ == "__main__":
    main()
