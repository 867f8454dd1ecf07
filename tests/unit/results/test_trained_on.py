"""On what trials were trained: in the tidy table, in the details, and below the tables."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from lorvp.results.page.remarks import Facts, made_differently
from lorvp.results.tables import results, section_markdown
from lorvp.results.tables.details import cells
from lorvp.results.tables.sections import sections
from lorvp.results.tables.sweeps import chosen
from lorvp.results.tables.trial_statistics import SCHEMA, statistics
from tests.support.records import TWO_BY_TWO, record

CPU = {"device": "cpu", "processor": "AMD EPYC 7763 (AVX2)", "lanes": 1, "pieces of a batch": 1}
GPU = {"device": "NVIDIA H200", "processor": "Intel Xeon 8468 (AVX512)", "lanes": 32}
ALONE = GPU | {"lanes": 1}
ANSWERS = pl.DataFrame({"label": [0], "predicted": [0], "confidence": [0.5], "loss": [1.5]})


def trained(environments, precision="fp32", rows=TWO_BY_TWO):
    """Rows as if they had been trained there; None is a record without an environment."""
    made = []
    for (point, facts), own in zip(rows, environments, strict=True):
        training = point.trial.training.model_copy(update={"precision": precision})
        point = replace(point, trial=point.trial.model_copy(update={"training": training}))
        made.append((point, facts if own is None else facts | {"environment": own}))
    return results(made)


def shown(table: pl.DataFrame) -> dict[str, str]:
    rows = [statistics(name, ANSWERS, 1) for name in table["trial"]]
    found = sections(table, pl.DataFrame(rows, schema=SCHEMA), {"digits": ["zero"]})
    return {section.name: section_markdown(section) for section in found}


def words(table: pl.DataFrame) -> list[str]:
    """Of each row of the details."""
    rows = [statistics(name, ANSWERS, 1) for name in table["trial"]]
    return cells(chosen(table), pl.DataFrame(rows, schema=SCHEMA))["trained_on"].to_list()


def test_the_tidy_table_names_the_gpu_or_else_the_processor():
    table = trained([CPU, GPU, ALONE, None, {"device": "mps"}, CPU, CPU, {}], "bf16")
    assert table["device"].to_list() == [
        "AMD EPYC 7763 (AVX2)", "NVIDIA H200", "NVIDIA H200", "unknown", "mps",
        "AMD EPYC 7763 (AVX2)", "AMD EPYC 7763 (AVX2)", "unknown",
    ]  # fmt: skip
    assert table["lanes"].to_list() == [1, 32, 1, None, None, 1, 1, None]
    assert table["precision"].to_list() == ["bf16"] * 8


def test_a_table_of_old_records_alone_has_the_same_columns():
    old, new = trained([None] * 8), trained([CPU] * 8)
    assert old.schema == new.schema
    assert set(old["device"]) == {"unknown"}
    assert old["lanes"].null_count() == 8


def test_it_is_said_once_below_the_tables_where_it_is_the_same():
    found = shown(trained([GPU] * 8, "bf16"))
    said = "All were trained on NVIDIA H200, bf16, 32 lanes."
    for name in ("details", "comparison"):
        table, _, note = found[name].strip().rpartition("\n\n")
        assert said in note
        assert "trained on" not in table
        assert found[name].count(said) == 1
    assert (
        "All were trained on AMD EPYC 7763 (AVX2), fp32. " in shown(trained([CPU] * 8))["details"]
    )


def test_all_that_the_seeds_of_a_row_were_trained_on_is_named_where_rows_differ():
    # Seeds: lor_vp ilm 2, lor_vp lp 2, full ilm 1, full lp 3.
    table = trained([GPU, GPU, ALONE, ALONE, CPU, GPU, None, CPU], "tf32")
    gpu, cpu = "NVIDIA H200, tf32", "AMD EPYC 7763 (AVX2), tf32"
    old = "unknown device, tf32, unknown lanes"
    assert words(table) == [
        f"{gpu}, 32 lanes", gpu, cpu, f"{cpu}; {gpu}, 32 lanes; {old}",
    ]  # fmt: skip
    found = shown(table)
    head, _, *rows = found["details"].splitlines()[:6]
    assert head.split("|")[-2].strip() == "trained on"
    assert [row.split("|")[-2].strip() for row in rows] == words(table)
    assert "All were trained" not in "".join(found.values())
    assert "Not all were trained alike" in found["comparison"]


def test_rows_that_mix_the_same_devices_say_so_below():
    found = shown(trained([CPU, GPU, GPU, CPU], rows=TWO_BY_TWO[:4]))
    said = "All were trained on AMD EPYC 7763 (AVX2), fp32; NVIDIA H200, fp32, 32 lanes."
    assert said in found["details"]


def different(*environments) -> list[str]:
    rows = [record("full", mapping, seed, 0.5) for mapping in ("ilm", "lp") for seed in (0, 1)]
    table = results(rows)
    return list(
        made_differently(
            Facts(table, {}, dict(zip(table["trial"].to_list(), environments, strict=True)))
        )
    )


def test_rows_may_differ_in_lanes_and_seeds_of_one_mean_may_not():
    assert different(GPU, GPU, ALONE, ALONE) == []
    assert different(GPU, ALONE, ALONE, ALONE) == [
        "Not all trials were made with the same number of lanes: 1 with 1, 1 with 32; last bits "
        "and times may differ. Seeds of one mean: full ilm."
    ]


@pytest.mark.parametrize("key", ["device", "pieces of a batch"])
def test_other_things_are_remarked_upon_in_rows_too(key):
    other = CPU | {key: 8}
    (said,) = different(CPU, CPU, other, other)
    assert f"the same {key}: 2 with 8" in said or f"the same {key}: 2 with 1, 2 with 8" in said
    assert "Seeds" not in said
