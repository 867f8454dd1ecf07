"""Limits and ticks of axes, and positions of labels that do not overlap."""

import math

import altair as alt
import numpy as np
import polars as pl
from scipy.optimize import isotonic_regression


def accuracy_limits(*columns: pl.Series) -> tuple[int, int]:
    """The multiples of five around all values that are not null, within 0 to 100."""
    values = pl.concat(columns).drop_nulls().to_numpy()
    low = min(95, max(0, 5 * math.floor(values.min() / 5)))
    high = min(100, 5 * math.ceil(values.max() / 5))
    return low, max(high, low + 5)


def without_the_far(means: pl.Series) -> pl.Series:
    """The means that an axis is made for, without low ones that would crush the others.

    From below, a mean is far if it lies further from the next one than all others from each other,
    and at least a step of the axis. At most a quarter of them are, and one at least may be.
    """
    order = means.drop_nulls().drop_nans().sort()
    for far in range(max(1, len(order) // 4), 0, -1):
        rest = order[far:]
        if len(rest) > 1 and rest[0] - order[far - 1] > max(5.0, rest[-1] - rest[0]):
            return rest
    return order


def decades(values: pl.Series) -> list[int]:
    """The powers of ten from just below the smallest value to just below the largest, or equal.

    A 0 comes first if some value is 0, since no power of ten is below it.
    """
    positive = values.filter(values > 0).to_numpy()
    powers = np.floor(np.log10(positive)).astype(int) if len(positive) else np.array([0])
    ticks = [10**power for power in range(int(powers.min()), int(powers.max()) + 1)]
    return [0, *ticks] if values.eq(0).any() else ticks


def log_axis(field: str, title: str, values: pl.Series) -> alt.X:
    """A logarithmic x axis with a place for 0, one decade to the left of the first tick.

    symlog is log(1 + x / constant): 0 at 0, and a plain log scale well above the constant.
    """
    ticks = decades(values)
    domain = [ticks[0], max(values.to_numpy().max(), ticks[-1])]
    if ticks[0] == 0:
        scale = alt.Scale(type="symlog", constant=ticks[1] / 10, domain=domain, padding=10)
    else:
        scale = alt.Scale(type="log", domain=domain, nice=False, padding=10)
    axis = alt.Axis(values=ticks, labelExpr="format(datum.value, '~s')")
    return alt.X(f"{field}:Q", title=title, scale=scale, axis=axis)


def spread(wanted: np.ndarray, gap: float, low: float, high: float) -> np.ndarray:
    """The positions nearest to ``wanted`` (least squares), in its order and at least ``gap`` apart.

    Subtracting gap * rank turns 'at least gap apart' into 'not decreasing', which isotonic
    regression solves. With too many positions for [low, high] the gap shrinks until they fit.
    """
    order = np.argsort(wanted, kind="stable")
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    steps = gap * np.arange(len(wanted))
    # max: rounding must not leave an empty interval where the labels fill [low, high].
    highest = max(low, high - steps[-1])
    placed = np.empty(len(wanted))
    placed[order] = steps + isotonic_regression(wanted[order] - steps).x.clip(low, highest)
    return placed
