"""The 95 % interval of a row's accuracy, over new seeds and new test images.

The S seeds of a row answer the same N test images; y_SN is 1 where an answer is right. The mean p
of all y would be another with other seeds and with other images. Its variance is estimated by

    v = a + b,    a = var_S(mean over images) / S,    b = var_N(mean over seeds) / N

with the variances of samples (S - 1, N - 1); the chance of a single answer is in both parts, so v
is rather too large (Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007). It has
Satterthwaite's degrees of freedom f = v^2 / (a^2 / (S - 1) + b^2 / (N - 1)). An accuracy whose
variance is v tells as much as one over n = p (1 - p) / v independent images would (Korn and
Graubard, Survey Methodology 1998), for which Wilson's interval is, with Student's quantile t of f,

    (p + t^2 / 2n -+ t sqrt(p (1 - p) / n + t^2 / 4n^2)) / (1 + t^2 / n)

(Franco et al., Journal of Survey Statistics and Methodology 2019, compare it with others). It stays
within 0 to 1, holds p, and has a width also where all seeds agree. Where all answers are right, or
all wrong, v is 0 and n is N. With one seed a is not known: the interval is over images alone.
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from lorvp.results.tables.tidy import LEVEL


def interval(right_SN: np.ndarray) -> tuple[float, float]:
    """Low and high, as shares in 0..1, of the mean of ``right_SN``: whether each seed (S) answered
    each test image (N) correctly. NaN without images."""
    seeds, images = right_SN.shape
    if not images:
        return float("nan"), float("nan")
    p = float(right_SN.mean())
    parts = [(float(right_SN.mean(1).var(ddof=1)) / seeds, seeds - 1)] if seeds > 1 else []
    if images > 1:
        parts.append((float(right_SN.mean(0).var(ddof=1)) / images, images - 1))
    variance = sum(part for part, _ in parts)
    if p in (0.0, 1.0) or not variance:
        return wilson(p, images, max(images - 1, 1))
    freedom = variance**2 / sum(part**2 / free for part, free in parts)
    return wilson(p, p * (1 - p) / variance, freedom)


def wilson(p: float, n: float, freedom: float) -> tuple[float, float]:
    """Wilson's interval of a share ``p`` of ``n`` images, with Student's t of ``freedom``."""
    t = float(stdtrit(freedom, (1 + LEVEL) / 2))
    middle = (p + t**2 / (2 * n)) / (1 + t**2 / n)
    half = t * (p * (1 - p) / n + t**2 / (4 * n**2)) ** 0.5 / (1 + t**2 / n)
    # Rounding may pass p, or the ends where p is 0 or 1, by a last bit.
    return max(0.0, min(p, middle - half)), min(1.0, max(p, middle + half))
