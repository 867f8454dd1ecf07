"""Which method is better on the same test images and seeds, and whether that can be chance.

For each test image, count the seeds in which A is right and B is wrong, less those in which it
is the other way round. If A and B were equally good, each image's count would have either sign
with the same probability, whatever the seeds do on one image together. The exact distribution of
the sum under these signs gives p; with one seed this is McNemar's exact test. p is two-sided,
and Holm's correction is over all tests of a dataset and network.

The test speaks of new images for these trained prompts. Whether new seeds would say the same, a
few seeds cannot tell; so "better" also asks that A is ahead in every one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
import polars as pl
from scipy.special import ndtri

from lorvp.errors import InputError
from lorvp.results.tables.tidy import LEVEL, PAIR
from lorvp.results.tables.trial_statistics import unpacked

ALPHA = 1 - LEVEL

Right = Mapping[int, np.ndarray]
"""Of a method, by seed: whether each image was answered rightly."""

SCHEMA = {
    "dataset": pl.String, "network": pl.String, "mapping": pl.String, "a": pl.String,
    "b": pl.String, "difference": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    "ahead": pl.Int64, "behind": pl.Int64, "seeds": pl.Int64, "images": pl.Int64, "p": pl.Float64,
}  # fmt: skip


def paired_tests(table: pl.DataFrame, statistics: pl.DataFrame) -> pl.DataFrame:
    """A row for each two methods with the same mapping that share a seed.

    ``difference`` is A's accuracy less B's in points, ``low`` and ``high`` its 95 % interval over
    images; ``ahead`` and ``behind`` count seeds; ``better`` names the better one, where the
    data say so.

    Raises:
        InputError: trials of one dataset were tested on different numbers of images.
    """
    columns = ["trial", *PAIR, "mapping", "method", "seed"]
    joined = table.select(columns).join(
        statistics.select("trial", "images", "right"), on="trial", maintain_order="left"
    )
    groups = joined.partition_by([*PAIR, "mapping"], as_dict=True, maintain_order=True)
    rows = [(*key, *row) for key, group in groups.items() for row in _pairs(group)]
    found = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return found.with_columns(_corrected().over(PAIR).alias("p_holm")).with_columns(_better())


def _pairs(group: pl.DataFrame) -> Iterator[tuple]:
    if group["images"].n_unique() > 1:
        raise InputError(f"trials of {group['dataset'][0]} were tested on different test images")
    methods = group.partition_by("method", as_dict=True, maintain_order=True)
    answers = {str(name): _right(part) for (name,), part in methods.items()}
    for (a, right_a), (b, right_b) in combinations(answers.items(), 2):
        if shared := sorted(right_a.keys() & right_b.keys()):
            gains_SN = np.stack([right_a[s].view(np.int8) - right_b[s] for s in shared])
            yield a, b, *compared(gains_SN)


def _right(part: pl.DataFrame) -> Right:
    rows = part.select("seed", "right", "images").iter_rows()
    return {seed: unpacked(right, images) for seed, right, images in rows}


def compared(gains_SN: np.ndarray) -> tuple[float, float, float, int, int, int, int, float]:
    """From 1 (A alone is right), -1 (B alone) or 0 for each seed and image: the columns of a
    row from ``difference`` on."""
    seeds, images = gains_SN.shape
    gain_N, of_seed_S = gains_SN.sum(0, dtype=np.int64), gains_SN.sum(1, dtype=np.int64)
    difference = 100 * gain_N.mean() / seeds
    error = 100 / seeds * gain_N.std(ddof=1) / images**0.5 if images > 1 else float("nan")
    half = ndtri((1 + LEVEL) / 2) * error
    ahead, behind = int((of_seed_S > 0).sum()), int((of_seed_S < 0).sum())
    p = sign_flip(gain_N)
    return difference, difference - half, difference + half, ahead, behind, seeds, images, p


def sign_flip(gain_N: np.ndarray) -> float:
    """Two-sided p of a sum of whole numbers if each could have had the other sign as well.

    Of c numbers of size v, those with the other sign are binomial; each takes 2 v off the
    largest sum. The generating function of what is taken off, in steps of 2, is the product of
    ((1 + z^v) / 2)^c over sizes, so that one Fourier transform gives all chances.
    """
    counts = np.bincount(np.abs(gain_N))
    sizes = np.flatnonzero(counts[1:]) + 1
    reach, observed = int(sizes @ counts[sizes]), abs(int(gain_N.sum()))
    # By Hoeffding's bound, a sum beyond 10 standard deviations has a chance of less than 1e-21:
    # so many steps are enough, and what lies beyond is counted nowhere.
    far = min(reach, int(10 * (sizes**2 @ counts[sizes]) ** 0.5) + 1)
    if observed == 0 or observed > far:
        return float(observed == 0)
    length = 1 << far.bit_length()  # the next power of two
    half_F = np.pi * np.arange(length // 2 + 1) / length
    size_VF = np.cos(np.outer(sizes, half_F)) ** counts[sizes][:, None]
    chance = np.fft.irfft(size_VF.prod(0) * np.exp(-1j * reach * half_F), length)
    taken_off = np.arange((reach - far + 1) // 2, (reach - observed) // 2 + 1)
    return float(np.clip(2 * chance.take(taken_off, mode="wrap").sum(), 0, 1))


def _corrected() -> pl.Expr:
    return pl.col("p").map_batches(lambda p: pl.Series(holm(p.to_numpy())), pl.Float64)


def holm(p_T: np.ndarray) -> np.ndarray:
    """Holm's correction: the i-th smallest of T is multiplied by T - i, and none falls below
    one that was smaller."""
    order = np.argsort(p_T, kind="stable")
    corrected_T = np.empty(len(p_T))
    factors = len(p_T) - np.arange(len(p_T))
    corrected_T[order] = np.minimum(1, np.maximum.accumulate(factors * p_T[order]))
    return corrected_T


def _better() -> pl.Expr:
    clear, seeds = pl.col("p_holm") < ALPHA, pl.col("seeds")
    return (
        pl.when(clear & (pl.col("ahead") == seeds))
        .then(pl.col("a"))
        .when(clear & (pl.col("behind") == seeds))
        .then(pl.col("b"))
        .alias("better")
    )
