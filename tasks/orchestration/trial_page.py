"""What Prefect's page of a finished trial shows: accuracies, curve, picture and fingerprint."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect.artifacts import create_markdown_artifact

from lorvp.results.tables import in_markdown
from lorvp.text.polyline import polyline
from lorvp.trials.store import TrialStore
from lorvp.trials.stored_history import read_history
from lorvp.trials.verified import is_search
from tasks.jobs import Job

WORTH_A_PAGE = 1.0
"""Seconds of computing; a page takes a share of that, and short trials come by the thousand."""
WIDTH, HEIGHT = 480, 160
DRAWN = ("prompt", "prompted image")
"""Without the placement, which means nothing on grey where images choose it."""
CURVES = {"train": ("train_accuracy", "#9aa5b1"), "val": ("val_accuracy", "#2563eb")}


def publish_trial(job: Job, record: dict[str, Any]) -> None:
    """Show a finished trial on the page of its task run, if it is in a store here."""
    if record["summary"]["seconds"] < WORTH_A_PAGE:
        return
    folder = TrialStore(job.store).folder(job.fingerprint)
    if not folder.is_dir():  # on a machine of a cluster
        return
    create_markdown_artifact(
        page(job, record, folder), key="trial", description=in_markdown(job.point.name)
    )


def page(job: Job, record: dict[str, Any], folder: Path) -> str:
    """The page in Markdown, with its pictures inside."""
    summary, drawn = record["summary"], curve(read_history(folder)).encode()
    accuracies = [
        f"**{name} {summary[key]:.1%}**"
        for name, key in (("test", "test_accuracy"), ("val", "val_accuracy"))
        if summary.get(key) is not None
    ]
    lines = [
        ", ".join([*accuracies, f"{summary['seconds']:.1f} s"]),
        f"![accuracy by epoch](data:image/svg+xml;base64,{b64encode(drawn).decode()})",
        "train in grey, validation in blue",
    ]
    if summary["content_values"] and not is_search(record):  # a search keeps no prompt
        lines += _pictures(job, folder)
    lines.append(f"fingerprint `{job.fingerprint}`; in `data/prompts` when the run ends")
    return "\n\n".join(lines)


def curve(history: Sequence[dict[str, Any]]) -> str:
    """Accuracies by epoch as an SVG; from 0 to 100 %."""
    paths = []
    for key, colour in CURVES.values():
        points = polyline([row[key] for row in history], (0, 1), (40, 10, WIDTH - 50, HEIGHT - 30))
        paths.append(f'<polyline points="{points}" stroke="{colour}"/>')
    low = HEIGHT - 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="11" fill="none" stroke-width="2">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
        f'<path d="M40 10V{low}H{WIDTH - 10}" stroke="#666" stroke-width="1"/>'
        f'{"".join(paths)}<g fill="#333"><text x="2" y="14">100 %</text>'
        f'<text x="14" y="{low}">0 %</text>'
        f'<text x="{WIDTH - 90}" y="{HEIGHT - 6}">{len(history)} epochs</text></g></svg>'
    )


def _pictures(job: Job, folder: Path) -> list[str]:
    """The prompt on mid-grey as Markdown, each picture under its name."""
    from lorvp.deployment.load import state_of
    from lorvp.networks import checkpoint
    from lorvp.results.pictures.arrays import on_grey
    from lorvp.results.pictures.tiles import tiles_of

    manifest = checkpoint.read_manifest(job.checkpoint)
    view = on_grey(job.point.name, job.point.trial, state_of(folder), manifest)
    tiles = [tile for tile in tiles_of(view) if tile["column"] in DRAWN]
    return [f"{tile['column']}: {tile['caption']}\n\n![]({tile['url']})" for tile in tiles]
