"""The GPU's benchmark on networks for which a CPU takes no time: every case gives a line."""

import json
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from lorvp.networks.acceleration.precision import computing_in
from tests.benchmarks import published_way
from tests.benchmarks.gpu import __main__ as gpu
from tests.benchmarks.gpu.case import Aim, Case, tiny
from tests.benchmarks.gpu.plan import CASES
from tests.benchmarks.gpu.watch import timed, top_kernels
from tests.benchmarks.gpu.work import flops, work_of

CPU = torch.device("cpu")
QUICK = [case for case in CASES if case.way != "compiled"]
"""Compiling takes 20 s and more; tests/unit/networks/test_compilation.py has tests of it."""


@pytest.fixture(autouse=True)
def no_loader_processes(monkeypatch):
    monkeypatch.setattr(published_way, "WORKERS", 0)


def run(seconds: float = 1000.0) -> gpu.Run:
    made = gpu.Run(CPU, True, seconds)
    made.limits = {"fp32": 1e9, "tf32": 1e9, "bf16": 1e9}
    return made


def case(**changes) -> Case:
    plain = {"batch": 8, "precision": "fp32", "way": "eager", "images": 16}
    return Case("test_resnet", **plain | changes)


@pytest.mark.parametrize("asked", QUICK, ids=lambda case: case.name)
def test_every_case_is_measured(asked):
    row = run()._row(asked)
    assert row["name"] == asked.name
    assert not {"left out", "failed"} & row.keys(), row
    assert 1 < row["images/s"] < 1e6
    assert row["way"] == asked.way
    # Of the limit of 1 GFLOP/s.
    expected = row["images/s"] * flops(tiny(asked)) / 1e9
    assert row["of the limit"] == pytest.approx(expected, rel=0.05)


def test_names_are_different_and_what_an_aim_divides_by_comes_before_it():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    for place, found in enumerate(CASES):
        assert all(aim.over is None or aim.over in names[:place] for aim in found.aims)


def test_the_limits_come_before_the_cases():
    rows = list(run().lines([]))
    assert rows[0]["card"] == "no GPU"
    assert all(rows[1][f"TFLOP/s {precision}"] > 0 for precision in ("fp32", "tf32", "bf16"))
    assert rows[1]["copy TB/s"] > 0


def test_aims_are_met_or_missed():
    found = run()
    found.rows = {"other": {"images/s": 50}}
    row = {"images/s": 120, "of the limit": 0.3}
    judged = [
        found._judged(aim, row)
        for aim in (
            Aim("images/s", 100),
            Aim("of the limit", 0.4),
            Aim("images/s", 2, over="other"),
            Aim("images/s", 3, over="other"),
            Aim("images/s", 1, over="not measured"),
        )
    ]
    assert [aim["met"] for aim in judged] == [True, False, True, False, None]
    assert [aim["times the aim"] for aim in judged] == [1.2, 0.75, 1.2, 0.8, None]


def test_only_a_missed_aim_brings_the_kernels():
    missed = run()._row(case(aims=(Aim("images/s", 1e12),)))
    met = run()._row(case(aims=(Aim("images/s", 1),)))
    assert 0 < len(missed["kernels"]) <= 10
    assert "kernels" not in met


def test_no_case_starts_without_the_time_for_it():
    row = run(seconds=10)._row(case(needs=12))
    assert row == {"name": case().name, "left out": "less than 12 s are left"}


def test_a_case_that_fails_is_told_and_the_others_go_on(monkeypatch, capsys):
    wrong, right = case(method="nothing"), case()
    monkeypatch.setattr(gpu, "CASES", [wrong, right])
    monkeypatch.setattr(gpu, "make_repeatable", lambda: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main(["--tiny"]) == 1
    *_, first, second = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "Input tag 'nothing'" in first["failed"]
    assert second["images/s"] > 0


def test_only_cases_of_a_word_are_measured(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "CASES", [case(), case(batch=4)])
    monkeypatch.setattr(gpu, "make_repeatable", lambda: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main(["--tiny", "--only", " 4, "]) == 0
    *_, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert last["name"] == case(batch=4).name


def test_without_a_gpu_only_the_tiny_run_is_possible(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "make_repeatable", lambda: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        gpu.main([])
    assert "--tiny runs on a CPU" in capsys.readouterr().err


def test_the_first_call_is_told_apart():
    calls = []
    found = timed(lambda: calls.append(1), 0.0)
    assert 1 <= found.calls < len(calls)
    assert 0 < found.seconds < 1e-3


def test_kernels_are_told_by_their_share():
    a = torch.randn(300, 300)
    found = top_kernels(lambda: (a @ a).relu_(), on_gpu=False, number=2)
    assert found[0]["kernel"] == "aten::mm"
    assert found[0]["%"] > found[1]["%"] > 0
    assert [row["calls"] for row in found] == [1, 1]


@pytest.mark.parametrize(
    ("asked", "convolutions", "products"),
    [
        (case(precision="fp32"), "ieee", "ieee"),
        (case(precision="tf32"), "tf32", "tf32"),
        (case(precision="bf16"), "ieee", "ieee"),
        (case(way="published"), "tf32", "ieee"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_products_are_in_the_precision_of_the_case(asked, convolutions, products, monkeypatch):
    """The published way has torch's own: TF32 in convolutions alone."""
    seen, plain = set(), F.cross_entropy

    backends: Any = torch.backends

    def looking(*given, **named):
        seen.add((backends.cudnn.conv.fp32_precision, backends.cuda.matmul.fp32_precision))
        return plain(*given, **named)

    monkeypatch.setattr(F, "cross_entropy", looking)
    with computing_in("fp32"):
        work_of(tiny(asked), CPU).do()
        assert backends.cudnn.conv.fp32_precision == "ieee"
    assert seen == {(convolutions, products)}
