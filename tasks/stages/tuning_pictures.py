"""Pictures of the searches of a grid, for each dataset and network that has any."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from lorvp.results import pictures
from lorvp.results.tables import tuning
from lorvp.results.tables.expected_best import expected_best
from lorvp.tuning.importance import importance
from lorvp.tuning.replay import Replay
from tasks.stages.prompt_pictures import Picture

BEST = (
    "What the best of n settings is to be expected on validation images (Dodge et al. 2019), with "
    "one standard deviation, if the n were drawn from those tried. A setting of no use counts as "
    "0, a stopped one as it stood; later settings were asked for where earlier ones did well."
)
KEYS = "Each point is a setting that was tried; hollow ones were stopped early."
IMPORTANCE = (
    "Optuna's fANOVA: the share of the spread of validation accuracies that each searched key "
    "explains by itself or with others."
)


def searched(found: Sequence[Replay]) -> Iterator[Picture]:
    """The pictures of searches of one dataset and network; those that have nothing to show are
    left out."""
    tried = [one for one in found if one.tried]
    if tried:
        chart = pictures.best_of_n(best_of_n(tried))
        yield "tuning", chart, "Validation accuracy for how much tuning", BEST
    if (along := tuning.along_keys(tried)).height:
        yield "tuned_keys", pictures.along_keys(along), "Accuracy along what was searched", KEYS
    if (shares := importances(tried)).height:
        chart = pictures.importances(shares)
        yield "importance", chart, "Which settings matter", IMPORTANCE


def best_of_n(found: Sequence[Replay]) -> pl.DataFrame:
    """method, mapping, n, mean, low, high of the best of n; in percent."""
    parts = []
    for one in found:
        accuracies = [0.0 if tried.why else tried.seen[-1][1] for tried in one.tried]
        mean, std = 100 * pl.col("mean"), 100 * pl.col("std")
        point = one.search.point
        parts.append(
            expected_best(accuracies).select(
                pl.lit(point.method).alias("method"),
                pl.lit(point.mapping).alias("mapping"),
                "n",
                mean=mean,
                low=(mean - std).clip(0, 100),
                high=(mean + std).clip(0, 100),
            )
        )
    return pl.concat(parts)


def importances(found: Sequence[Replay]) -> pl.DataFrame:
    """row (method and mapping), key, share, place."""
    rows = [
        (f"{one.search.point.method} · {one.search.point.mapping}", key, share, place)
        for one in found
        for place, (key, share) in enumerate(sorted(importance(one).items()))
    ]
    schema = {"row": pl.String, "key": pl.String, "share": pl.Float64, "place": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")
