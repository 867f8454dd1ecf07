"""The matrix of who is ahead of whom, against differences and tests worked out by hand."""

import polars as pl

from lorvp.results.tables import display
from lorvp.results.tables.formats import in_latex, in_markdown
from lorvp.results.tables.paired import SCHEMA

PAIRS = [  # a, b, difference, low, high, ahead, behind, p (Holm), better
    ("none", "pad", -20.0, -22.0, -18.0, 0, 3, 0.0001, "pad"),
    ("none", "lor_vp", -21.5, -23.0, -20.0, 0, 3, 0.0001, "lor_vp"),
    ("pad", "lor_vp", -1.5, -3.0, 0.1, 1, 2, 0.4, None),
]


def pairs_of(mapping: str = "ilm") -> pl.DataFrame:
    rows = [
        ("d", "n", mapping, a, b, difference, low, high, ahead, behind, 3, 100, p, p, better)
        for a, b, difference, low, high, ahead, behind, p, better in PAIRS
    ]
    schema = {**SCHEMA, "p_holm": pl.Float64, "better": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def cells(*networks: str) -> pl.DataFrame:
    means = {"none": 70.0, "pad": 90.0, "lor_vp": 91.5}
    return pl.DataFrame(
        {"dataset": "d", "network": network, "mapping": "ilm", "method": name, "test": test}
        for network in networks
        for name, test in means.items()
    )


def test_rows_are_in_the_order_of_means_and_columns_are_their_numbers():
    [shown] = display.tests(pairs_of(), cells("n"))
    assert shown.title == "ilm"
    assert shown.cells.rows() == [
        ("1. lor_vp", None, "+1.5", "▲ +21.5"),
        ("2. pad", "-1.5", None, "▲ +20.0"),
        ("3. none", "▼ -21.5", "▼ -20.0", None),
    ]
    assert shown.about == {"dataset": "d", "network": "n", "mapping": "ilm"}


def test_a_cell_tells_its_test():
    [shown] = display.tests(pairs_of(), cells("n"))
    assert (
        shown.hints["3"][0]
        == shown.hints["1"][2]
        == (
            "lor_vp is better than none: none - lor_vp is -21.5 points (-23.0 to -20.0), "
            "p (Holm) < 0.001, seeds won 0 : 3 of 3"
        )
    )
    assert shown.hints["2"][0].startswith("pad and lor_vp differ by no more than chance may")
    assert shown.hints["1"][0] is None


def test_there_is_a_matrix_for_each_mapping_named_with_its_pair_where_there_are_several():
    both = pl.concat([pairs_of(), pairs_of().with_columns(network=pl.lit("m"))])
    titles = [shown.title for shown in display.tests(both, cells("n", "m"))]
    assert titles == ["ilm, d, n", "ilm, d, m"]


def test_the_marks_are_text_in_every_format():
    assert in_markdown("▲ +1.5") == "▲ +1.5"
    assert in_latex("▼ -1.5") == r"$\nabla$ -1.5"


def test_what_rounds_to_nothing_has_no_sign():
    pair = pairs_of().filter(pl.col("a") == "pad").with_columns(difference=0.04)
    [shown] = display.tests(pair, cells("n").filter(pl.col("method") != "none"))
    assert shown.cells.rows() == [("1. lor_vp", None, "0.0"), ("2. pad", "0.0", None)]
