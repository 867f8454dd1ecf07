"""Points of a curve in an SVG."""

from __future__ import annotations

from collections.abc import Sequence


def polyline(
    values: Sequence[float], ends: tuple[float, float], box: tuple[int, int, int, int]
) -> str:
    """``points`` of an SVG's polyline from the left of ``box`` to its right. At its bottom is the
    first of ``ends``, at its top the second; all is at the bottom if they are equal.

    ``box``: left, top, width and height in pixels.
    """
    left, top, width, height = box
    low, high = ends
    step, scale = width / max(1, len(values) - 1), height / ((high - low) or 1)
    bottom = top + height
    return " ".join(
        f"{left + step * at:.1f},{bottom - scale * (value - low):.1f}"
        for at, value in enumerate(values)
    )
