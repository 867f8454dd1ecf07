"""`python -m tests.benchmarks.gpu [--tiny] [--seconds N] [--only WORD]`: this trainer on a GPU.

Made for a card that one has for a quarter of an hour. Each measurement is a line of JSON as soon
as it is done, most important first, so that a run that is cut off still tells something. First come
the card's limits, which speeds are compared with. An aim that is missed comes with the kernels that
took most of the time. ``--tiny`` runs everything on small networks, on a CPU too.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Any, get_args

import torch

from lorvp.performance.profile import matmul_rate
from lorvp.recipe import Precision
from lorvp.training.determinism import make_repeatable
from tests.benchmarks.gpu.case import Aim, Case, tiny
from tests.benchmarks.gpu.plan import CASES, LIMIT, SPEED
from tests.benchmarks.gpu.watch import copy_rate, timed, top_kernels
from tests.benchmarks.gpu.work import flops, work_of

Row = dict[str, Any]


class Run:
    """The measurements of one run; ``rows`` are those that there are, by name."""

    def __init__(self, device: torch.device, small: bool, seconds: float) -> None:
        self.device, self.small = device, small
        self.end = time.monotonic() + seconds
        self.limits: dict[str, float] = {}
        self.rows: dict[str, Row] = {}

    def lines(self, cases: list[Case]) -> Iterator[Row]:
        """One row after the other."""
        yield self._machine()
        yield self._limits()
        for case in cases:
            yield self._row(case)
            gc.collect()

    def _machine(self) -> Row:
        on_gpu = self.device.type == "cuda"
        card = torch.cuda.get_device_name() if on_gpu else "no GPU"
        return {"card": card, "torch": torch.__version__, "CUDA": torch.version.cuda}

    def _limits(self) -> Row:
        side, size = (128, 2**16) if self.small else (8192, 2**30)
        self.limits = {p: matmul_rate(p, self.device, side) for p in get_args(Precision)}
        rates = {f"TFLOP/s {p}": _digits(rate / 1e12) for p, rate in self.limits.items()}
        return rates | {"copy TB/s": _digits(copy_rate(self.device, size) / 1e12)}

    def _row(self, case: Case) -> Row:
        """What was measured, or why it was not."""
        start, name = time.monotonic(), {"name": case.name}
        if self.end - start < case.needs:
            return name | {"left out": f"less than {case.needs:g} s are left"}
        small = tiny(case) if self.small else case
        try:
            found = self._measured(small, case)
        except Exception:
            # The others are still worth the card's time; `main` ends with an error.
            return name | {"failed": traceback.format_exc()}
        self.rows[case.name] = found
        return name | small.facts | found | {"took, s": _digits(time.monotonic() - start)}

    def _measured(self, small: Case, case: Case) -> Row:
        on_gpu = self.device.type == "cuda"
        if on_gpu:
            torch.cuda.reset_peak_memory_stats()
        work = work_of(small, self.device)
        took = timed(work.do, small.seconds)
        speed = small.lanes * small.images / took.seconds
        row = {
            SPEED: round(speed),
            LIMIT: _digits(speed * flops(small) / self.limits[case.precision]),
            "GB": _digits(torch.cuda.max_memory_allocated() / 1e9) if on_gpu else None,
            "first, s": _digits(took.first),
            "calls": took.calls,
        } | work.account()
        aims = [self._judged(aim, row) for aim in case.aims]
        missed = any(aim["met"] is False for aim in aims)
        kernels = {"kernels": top_kernels(work.do, on_gpu)} if missed else {}
        return row | ({"aims": aims} if aims else {}) | kernels

    def _judged(self, aim: Aim, row: Row) -> Row:
        """What an aim came to; it is neither met nor missed where it has nothing to compare."""
        found = row[aim.number]
        if aim.over is not None:
            other = self.rows.get(aim.over)
            found = None if other is None else found / other[aim.number]
        met = None if found is None else found >= aim.at_least
        ratio = None if found is None else _digits(found / aim.at_least)
        return {"aim": str(aim), "times the aim": ratio, "met": met}


def _digits(value: float) -> float:
    """Four digits that count."""
    return float(f"{value:.4g}")


def main(arguments: list[str]) -> int:
    """Print a line for each case; 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.gpu", description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="small networks, on a CPU too")
    parser.add_argument("--seconds", type=float, default=300, help="no case starts that ends later")
    parser.add_argument("--only", default="", help="cases whose name has this word")
    asked = parser.parse_args(arguments)
    make_repeatable()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu" and not asked.tiny:
        parser.error("torch finds no CUDA device; --tiny runs on a CPU")
    cases = [case for case in CASES if asked.only in case.name]
    failed = False
    for row in Run(device, asked.tiny, asked.seconds).lines(cases):
        print(json.dumps(row), flush=True)
        failed |= "failed" in row
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
