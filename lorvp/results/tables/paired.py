"""Paired tests: which of two methods is better, and whether the difference can be chance.

Both methods have the same test images and seeds. For each image, count the seeds in which A is
right and B is wrong, minus those in which B is right and A is wrong. If A and B were equally good,
the count of each image would have either sign with the same probability, however the seeds depend
on each other. The exact distribution of the sum over these signs gives p, which is two-sided; with
one seed this is McNemar's exact test. Holm's correction covers all tests of a dataset and network.

The test tells how these trained prompts would do on new images. A few seeds cannot tell how new
seeds would do, so a method is called better only if it is also ahead in every seed.
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
"""For each seed of a method, whether each test image was answered correctly."""

SCHEMA = {
    "dataset": pl.String, "network": pl.String, "mapping": pl.String, "a": pl.String,
    "b": pl.String, "difference": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    "ahead": pl.Int64, "behind": pl.Int64, "seeds": pl.Int64, "images": pl.Int64, "p": pl.Float64,
}  # fmt: skip


def paired_tests(table: pl.DataFrame, statistics: pl.DataFrame) -> pl.DataFrame:
    """A row for each pair of methods that have the same mapping and a seed in common.

    ``difference`` is A's accuracy minus B's in percentage points, ``low`` and ``high`` its 95 %
    interval over images. ``ahead`` and ``behind`` count the seeds in which A is better or worse
    than B. ``better`` names the better method, or is null where the data do not say.

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
    """The columns of a row from ``difference`` to ``p``.

    ``gains_SN`` is 1 for each seed and image where A alone is right, -1 where B alone is, else 0.
    """
    seeds, images = gains_SN.shape
    gain_N, of_seed_S = gains_SN.sum(0, dtype=np.int64), gains_SN.sum(1, dtype=np.int64)
    difference = 100 * gain_N.mean() / seeds
    error = 100 / seeds * gain_N.std(ddof=1) / images**0.5 if images > 1 else float("nan")
    half = ndtri((1 + LEVEL) / 2) * error
    ahead, behind = int((of_seed_S > 0).sum()), int((of_seed_S < 0).sum())
    p = sign_flip(gain_N)
    return difference, difference - half, difference + half, ahead, behind, seeds, images, p


def sign_flip(gain_N: np.ndarray) -> float:
    """Two-sided p of the sum of whole numbers, if each has either sign with the same probability.

    Among c numbers of size v, the number of negative ones is binomial, and each lowers the largest
    possible sum by 2 v. The generating function of this lowering, in steps of 2, is the product of
    ((1 + z^v) / 2)^c over the sizes v; one Fourier transform gives all of its coefficients.
    """
    counts = np.bincount(np.abs(gain_N))
    sizes = np.flatnonzero(counts[1:]) + 1
    reach, observed = int(sizes @ counts[sizes]), abs(int(gain_N.sum()))
    # By Hoeffding's bound, a sum beyond 10 standard deviations has a probability below 1e-21. The
    # transform covers the sums up to there; those beyond are neglected.
    far = min(reach, int(10 * (sizes**2 @ counts[sizes]) ** 0.5) + 1)
    if observed == 0 or observed > far:
        return float(observed == 0)
    length = 1 << far.bit_length()  # the next power of two
    half_F = np.pi * np.arange(length // 2 + 1) / length
    size_VF = np.cos(np.outer(sizes, half_F)) ** counts[sizes][:, None]
    probability = np.fft.irfft(size_VF.prod(0) * np.exp(-1j * reach * half_F), length)
    lowered = np.arange((reach - far + 1) // 2, (reach - observed) // 2 + 1)
    return float(np.clip(2 * probability.take(lowered, mode="wrap").sum(), 0, 1))


def _corrected() -> pl.Expr:
    return pl.col("p").map_batches(lambda p: pl.Series(holm(p.to_numpy())), pl.Float64)


def holm(p_T: np.ndarray) -> np.ndarray:
    """Holm's correction of T values of p.

    The i-th smallest, from i = 0, is multiplied by T - i; then each is raised to the largest of
    those before it, and cut at 1.
    """
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
