"""How good the best of n tried settings is to be expected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl


def expected_best(accuracies: Sequence[float]) -> pl.DataFrame:
    """Columns ``n`` (1 to the number of settings), ``mean`` and ``std`` of the best of n.

    The estimator of Dodge et al., "Show Your Work: Improved Reporting of Experimental Results"
    (EMNLP 2019), section 3: n settings are drawn with replacement from the B that were tried. The
    best is at most the i-th smallest value v_i with probability (i/B)^n, so that

        E[best of n] = sum over i of v_i * ((i/B)^n - ((i-1)/B)^n)

    and the variance is E[best^2] - E[best]^2. It takes settings for independent draws; it is biased
    for n near B (Tang et al., ACL 2020), where it lies below the best that was found.
    """
    values_B = np.sort(np.asarray(accuracies, dtype=float))
    number = len(values_B)
    n_N1 = np.arange(1, number + 1)[:, None]
    below_B1 = np.arange(number + 1) / number
    chance_NB = np.diff(below_B1**n_N1, axis=1)
    mean_N = chance_NB @ values_B
    variance_N = chance_NB @ values_B**2 - mean_N**2
    std_N = np.sqrt(np.maximum(variance_N, 0.0))  # rounding may leave a little less than 0
    return pl.DataFrame({"n": n_N1[:, 0], "mean": mean_N, "std": std_N})
