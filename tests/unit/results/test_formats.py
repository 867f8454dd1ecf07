"""Markdown and LaTeX, and the marks of the best and second cells."""

import math

import polars as pl
import pytest

from lorvp.results.tables import (
    Section,
    Table,
    comparison,
    latex,
    markdown,
    places,
    results,
    section_markdown,
)
from lorvp.results.tables.comparison import of_each_pair
from tests.support.records import TWO_BY_TWO, record


def column(*accuracies, seeds=1):
    """Places of methods with these accuracies, all with one mapping."""
    rows = [
        (point.__class__(point.trial, f"m{i}", point.mapping, ""), facts)
        for i, accuracy in enumerate(accuracies)
        for point, facts in [record("full", "ilm", 0, accuracy)]
    ]
    return places(results(rows))["ilm"].to_list()


def test_best_and_second():
    assert column(0.5, 0.9, 0.7, 0.1) == [None, 1, 2, None]


def test_equals_share_a_place_and_the_next_is_second():
    assert column(0.9, 0.9, 0.7, 0.7, 0.1) == [1, 1, 2, 2, None]


def test_what_reads_the_same_is_the_same():
    assert column(0.90012, 0.89988, 0.8) == [1, 1, 2]


def test_nothing_is_best_of_one_or_of_what_is_no_number():
    assert column(0.9) == [None]
    assert column(0.9, math.nan) == [None, None]
    assert column(math.nan, 0.5, 0.6) == [None, 2, 1]


def test_places_are_within_a_dataset_and_a_network():
    rows = [
        record("full", "ilm", 0, 0.1, dataset="svhn"),
        record("lor_vp r=4", "ilm", 0, 0.2, dataset="svhn"),
        record("full", "ilm", 0, 0.9),
        record("lor_vp r=4", "ilm", 0, 0.8),
    ]
    assert places(results(rows))["ilm"].to_list() == [2, 1, 1, 2]
    assert [shown.title for shown in of_each_pair(results(rows))] == ["svhn, net", "digits, net"]


def test_markdown_is_a_table_with_numbers_to_the_right():
    lines = markdown(comparison(results(TWO_BY_TWO))).splitlines()
    assert len(lines) == 2 + 2
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0] == ["method", "ilm", "lp (+970)", "prompt values", "seconds"]
    assert cells[3] == ["full", "50.0", "50.0 ± 25.0", "3,072", "2.0"]
    assert set("".join(cells[1])) <= set("-:")
    assert len({len(line) for line in lines}) == 1
    assert markdown(comparison(results(TWO_BY_TWO))).endswith("|\n")


def test_markdown_leaves_out_no_row_column_or_letter():
    many = [record("full", "ilm", 0, 0.5, dataset=f"dataset-{i:03}-{'x' * 60}") for i in range(60)]
    text = markdown(comparison(results(many)))
    assert text.count("\n") == 62
    assert "…" not in text
    assert "x" * 60 in text


def test_markdown_of_a_comparison():
    (shown,) = of_each_pair(results(TWO_BY_TWO))
    text = section_markdown(Section("x", "X", [shown], shown.cells, "A note."))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert cells[2][:3] == ["lor_vp r=4", "**65.0 ± 7.1**", "**90.0 ± 0.0**"]
    assert cells[3][:3] == ["full", "<u>50.0</u>", "<u>50.0 ± 25.0</u>"]
    assert text.endswith("\n\nA note.\n")


def test_several_tables_have_headings_and_none_has_a_sentence():
    shown = Table("One", pl.DataFrame({"a": ["b"]}))
    section = Section("x", "X", [shown, Table("Two", shown.cells)], shown.cells, "")
    assert [line for line in section_markdown(section).splitlines() if "#" in line] == [
        "## One",
        "## Two",
    ]
    assert section_markdown(Section("x", "X", [], shown.cells, "A note.", "None.")) == "None.\n"


def test_latex_is_booktabs_with_every_special_character_escaped():
    cells = pl.DataFrame(
        {"method_name": ["a_b & c%", None], "x^2": ["1.0 ± 0.1", "2.0"], "n": [1234, 5]}
    )
    text = latex(Table("100 % #1", cells, pl.DataFrame({"x^2": [2, 1]})))
    assert text.splitlines() == [
        r"\begin{table}",
        r"  \centering",
        r"  \caption{100 \% \#1}",
        r"  \begin{tabular}{llr}",
        r"    \toprule",
        r"    method\_name & x\textasciicircum{}2 & n \\",
        r"    \midrule",
        r"    a\_b \& c\% & \underline{1.0 $\pm$ 0.1} & 1,234 \\",
        r"    -- & \textbf{2.0} & 5 \\",
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [("\\", r"\textbackslash{}"), ("{}", r"\{\}"), ("~$", r"\textasciitilde{}\$")],
)
def test_latex_commands_are_text(text, escaped):
    assert escaped in latex(Table(text, pl.DataFrame({"a": [1]})))
