"""What one declared column does to every table, and to no trial."""

from __future__ import annotations

import polars as pl
import pytest

from lorvp.results.tables import columns, comparison, results, section_markdown, write_csv
from lorvp.results.tables.columns import Column, Tables
from lorvp.results.tables.details import cells
from lorvp.results.tables.sections import sections
from lorvp.results.tables.sweeps import chosen
from lorvp.results.tables.trial_statistics import SCHEMA, statistics
from lorvp.trials.identity import fingerprint, identity
from tests.support.records import TWO_BY_TWO
from tests.support.tiny import trial

EVERYWHERE = Tables.RESULTS | Tables.DETAILS | Tables.COMPARISON
ERROR = Column(
    "test_error", "test error %", 1 - pl.col("test_accuracy"), EVERYWHERE, percent=True,
    decimals=2, note="test error is the share of wrong answers.",
)  # fmt: skip
ANSWERS = pl.DataFrame({"label": [0], "predicted": [0], "confidence": [0.5], "loss": [1.5]})


@pytest.fixture
def declare(monkeypatch):
    """The one edit that a new column takes."""
    return lambda *new: monkeypatch.setattr(columns, "COLUMNS", [*columns.COLUMNS, *new])


def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tidy table, and the statistics of its trials."""
    table = results(TWO_BY_TWO, {"digits": 100})
    rows = [statistics(name, ANSWERS, 1) for name in table["trial"]]
    return table, pl.DataFrame(rows, schema=SCHEMA)


def written() -> dict[str, str]:
    """Each section as Markdown."""
    return {s.name: section_markdown(s) for s in sections(*tables(), {"digits": ["zero"]})}


def test_a_derived_column_is_in_the_tidy_table_before_the_settings(declare):
    before, _ = tables()
    declare(ERROR)
    table, _ = tables()
    assert table.columns == [*before.columns[:-1], "test_error", "settings"]
    assert table["test_error"].to_list() == pytest.approx(
        [0.4, 0.3, 0.1, 0.1, 0.5, 0.75, 0.5, 0.25]
    )
    assert table.drop("test_error").equals(before)


def test_it_is_in_the_details_over_seeds(declare):
    before = cells(*chosen_tables())
    declare(ERROR)
    after = cells(*chosen_tables())
    assert after.columns == [*before.columns, "test_error"]
    assert after["test_error"].to_list() == pytest.approx([35, 10, 50, 50])


def chosen_tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    table, found = tables()
    return chosen(table), found


def test_it_is_in_the_comparison_over_mappings(declare):
    declare(ERROR)
    table = comparison(tables()[0])
    assert table.columns[-1] == "test error %"
    assert table["test error %"].to_list() == [22.5, 50.0]


def test_it_is_read_with_its_heading_its_decimals_and_its_note(declare):
    declare(ERROR)
    found = written()
    head, _, first = found["details"].splitlines()[:3]
    assert head.split("|")[-2].strip() == "test error %"
    assert first.split("|")[-2].strip() == "35.00"
    assert found["details"].rstrip().endswith(" test error is the share of wrong answers.")
    assert "test error %" in found["comparison"]


def test_it_is_in_the_files_of_numbers(declare, tmp_path):
    declare(ERROR)
    write_csv(tables()[0], tmp_path / "results.csv")
    assert "test_error" in (tmp_path / "results.csv").read_text().splitlines()[0].split(",")
    (details,) = [s for s in sections(*tables(), {"digits": ["zero"]}) if s.name == "details"]
    assert "test_error" in details.numbers.columns


def test_other_sections_stay_as_they_are(declare):
    before = written()
    declare(ERROR)
    after = written()
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"comparison", "details"}


def test_no_trial_is_another(declare):
    before = fingerprint(identity(trial(), "data", "weights"))
    declare(ERROR)
    assert fingerprint(identity(trial(), "data", "weights")) == before


def test_a_measured_number_needs_no_declaration_for_the_tidy_table_and_one_for_others(declare):
    records = [
        (point, facts | {"summary": facts["summary"] | {"peak_memory": 10.0 * number}})
        for number, (point, facts) in enumerate(TWO_BY_TWO)
    ]
    _, found = tables()
    table = results(records)
    assert table["peak_memory"].to_list() == [0.0, 10, 20, 30, 40, 50, 60, 70]
    assert "peak_memory" not in cells(chosen(table), found).columns
    declare(Column("peak_memory", "peak MB", pl.col("peak_memory"), over_seeds=pl.Expr.max))
    assert results(records).equals(table)
    assert cells(chosen(table), found)["peak_memory"].to_list() == [10, 30, 40, 70]


def test_statistics_of_predictions_can_be_shown(declare):
    declare(Column("loss", "test loss", pl.col("loss")))
    assert cells(*chosen_tables())["loss"].to_list() == [1.5] * 4


def test_a_column_without_a_value_is_not_shown_and_stays_in_the_numbers(declare):
    declare(Column("none", "nothing", pl.lit(None, pl.Float64), EVERYWHERE))
    assert tables()[0]["none"].null_count() == len(TWO_BY_TWO)
    assert cells(*chosen_tables())["none"].null_count() == 4
    assert "nothing" not in comparison(tables()[0]).columns
    assert not [text for text in written().values() if "nothing" in text]


def test_a_whole_number_has_thousands_and_none_where_it_would_be_infinite(declare):
    share = 100_000 * pl.col("test_accuracy") / pl.col("mapping_values")
    declare(Column("per_value", "per value", share, EVERYWHERE, decimals=0))
    lines = written()["details"].splitlines()[2:6]
    assert [line.split("|")[-2].strip() for line in lines] == ["–", "93", "–", "52"]


@pytest.mark.parametrize("table", Tables)
def test_names_and_headings_are_unique(table):
    shown = columns.shown_in(table)
    assert len({column.name for column in shown}) == len({c.heading for c in shown}) == len(shown)


def test_images_in_a_second_of_computing():
    table, _ = tables()
    assert table["images_per_second"][0] == 100 * 20 / 1.0
    for images in ({}, {"digits": 0}, {"other": 5}):
        assert results(TWO_BY_TWO, images)["images_per_second"].null_count() == len(TWO_BY_TWO)
    assert results(TWO_BY_TWO, {})["images_per_second"].dtype == pl.Float64
