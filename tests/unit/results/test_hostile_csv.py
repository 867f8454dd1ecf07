"""CSV files in which a spreadsheet finds no formula, whatever the names are."""

import re

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from lorvp.results.tables import write_csv
from tests.support.hostile_names import SHOWN, names

FORMULAS = ["=SUM(A1)", "@SUM(1)", "-2+3+cmd|' /C calc'!A0", "+cmd|x!A0", "=1+1", "＝SUM(A1)",
            "\t=1+1", "\r=1+1", '=HYPERLINK("http://x")', "=\n1"]  # fmt: skip
HARMLESS = ["-", "+", "=", "@", "+1", "-1.5", "-3.0 %", "1-2", "a=b", "- ", "'=1", ""]


def test_a_spreadsheet_finds_no_formula_and_parquet_has_the_names(tmp_path):
    names = [*FORMULAS, *HARMLESS, *SHOWN, None]
    table = pl.DataFrame({"class": names, "n": range(len(names))})
    write_csv(table, tmp_path / "x.csv")
    found = pl.read_csv(tmp_path / "x.csv")
    assert found.columns == table.columns
    read = dict(zip(table["class"], found["class"], strict=True))
    for name in FORMULAS:
        assert read[name] == "'" + name
    for name in HARMLESS:
        assert read[name] == name
    assert {name for name in SHOWN if read[name] != name} == {"=SUM(A1)", "-2+3", "@SUM(1)"}
    assert found["n"].to_list() == table["n"].to_list()


@given(st.lists(names, min_size=1, max_size=5))
def test_a_csv_is_read_back(tmp_path_factory, given_names):
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    write_csv(pl.DataFrame({"class": given_names}), path)
    for name, found in zip(
        given_names, pl.read_csv(path, infer_schema=False)["class"], strict=True
    ):
        assert found.removeprefix("'") == name.removeprefix("'")
        assert not re.match(r"[=@＝＠].|[+\-＋－].*[A-Za-z(|!]", found), "a formula"
