"""Tables of numbers made readable: rounded, with headings, and without empty columns."""

from __future__ import annotations

import polars as pl

from lorvp.results.tables.cells import decimal, place, with_spread
from lorvp.results.tables.columns import Tables, shown_in, without_empty
from lorvp.results.tables.comparison import title_of
from lorvp.results.tables.table import Table
from lorvp.results.tables.tidy import PAIR
from lorvp.results.tables.trained_on import HEADING

MANY = 20
"""The most classes that have a column each."""
SMALLEST = 0.001
"""p below which no digits are shown."""
INTERVAL = "95 % interval"
BETTER, WORSE = "▲", "▼"
"""Marks of a difference that is not chance."""


def without_constant_pairs(table: pl.DataFrame) -> pl.DataFrame:
    """The table without the dataset, and without the network, where all rows have the same."""
    drop = [name for name in PAIR if name in table.columns and table[name].n_unique() <= 1]
    return table.drop(drop)


def tests(found: pl.DataFrame, cells: pl.DataFrame) -> list[Table]:
    """The paired tests: for each dataset, network and mapping who is ahead of whom.

    ``cells`` are the numbers of the details. The rows are methods, the best mean first; the columns
    are the same methods by their numbers.
    """
    parts = found.partition_by(*PAIR, "mapping", maintain_order=True)
    return [_matrix(part, cells) for part in parts]


def _matrix(part: pl.DataFrame, cells: pl.DataFrame) -> Table:
    about = dict(part.select(*PAIR, "mapping").row(0, named=True))
    there = {*part["a"], *part["b"]}
    means = cells.filter(**about).filter(pl.col("method").is_in(there))
    order = means.sort(pl.col("test").fill_nan(-1.0), descending=True, maintain_order=True)
    methods = order["method"].to_list()
    pairs = {(row["a"], row["b"]): row for row in part.to_dicts()}
    numbers = {str(place): method for place, method in enumerate(methods, 1)}
    names = pl.Series("method", [f"{n}. {m}" for n, m in numbers.items()], pl.String)
    text, hints = (
        {n: [of(row, column, pairs) for row in methods] for n, column in numbers.items()}
        for of in (_ahead, _hint)
    )
    schema = dict.fromkeys(numbers, pl.String)
    shown = pl.DataFrame([names, *pl.DataFrame(text, schema=schema)])
    title = ", ".join([about["mapping"], *([] if len(cells.unique(PAIR)) == 1 else
                      [about[name] for name in PAIR])])  # fmt: skip
    return Table(title, shown, hints=pl.DataFrame(hints, schema=schema), about=about)


Pairs = dict[tuple[str, str], dict]


def _ahead(row: str, column: str, pairs: Pairs) -> str | None:
    """By how many points the row is ahead of the column, with a mark where that is no chance."""
    if (found := pairs.get((row, column)) or pairs.get((column, row))) is None:
        return None
    points = found["difference"] if found["a"] == row else -found["difference"]
    mark = {row: f"{BETTER} ", column: f"{WORSE} "}.get(found["better"], "")
    return f"{mark}{_signed(points)}"


def _signed(points: float) -> str:
    """Such as +1.2; what rounds to nothing has no sign."""
    return "0.0" if f"{points:z.1f}" == "0.0" else f"{points:+.1f}"


def _hint(row: str, column: str, pairs: Pairs) -> str | None:
    if (found := pairs.get((row, column)) or pairs.get((column, row))) is None:
        return None
    a, b, seeds = found["a"], found["b"], found["seeds"]
    said = "is better than" if found["better"] else "and"
    first, second = (b, a) if found["better"] == b else (a, b)
    rest = "" if found["better"] else " differ by no more than chance may"
    p = f"< {SMALLEST}" if found["p_holm"] < SMALLEST else f"= {found['p_holm']:.3f}"
    return (
        f"{first} {said} {second}{rest}: {a} - {b} is {_signed(found['difference'])} points "
        f"({found['low']:.1f} to {found['high']:.1f}), p (Holm) {p}, seeds won "
        f"{found['ahead']} : {found['behind']} of {seeds}"
    )


def _interval() -> pl.Expr:
    """Text such as ``1.2 to 3.4``; null where there is no interval."""
    return decimal(pl.col("low")) + " to " + decimal(pl.col("high"))


def _p(name: str) -> pl.Expr:
    small = pl.lit(f"<{SMALLEST}")
    return pl.when(pl.col(name) < SMALLEST).then(small).otherwise(decimal(pl.col(name), 3))


def cells(found: pl.DataFrame) -> pl.DataFrame:
    """The numbers of each method with a mapping; columns without any value are left out, and what
    they were trained on if it is the same for all."""
    more = shown_in(Tables.DETAILS)
    table = found.select(
        *PAIR,
        "method",
        "mapping",
        pl.col("setting").replace("", None),
        decimal(pl.col("validation")).alias("validation %"),
        with_spread(pl.col("test"), pl.col("std")).alias("test %"),
        _interval().alias(INTERVAL),
        "seeds",
        *(column.to_read() for column in more),
        pl.col("trained_on").alias(HEADING),
    )
    if found["trained_on"].n_unique() == 1:
        table = table.drop(HEADING)
    optional = ["setting", INTERVAL, *(column.heading for column in more)]
    return without_empty(without_constant_pairs(table), optional)


def averages(found: pl.DataFrame) -> Table:
    """A row for each method, a column for each mapping: average accuracy and mean rank."""
    cells = found.with_columns(
        text=decimal(pl.col("average")) + " (" + decimal(pl.col("mean rank"), 2) + ")",
        place=place(pl.col("average"), ["network", "mapping"]),
    )
    title = "Average accuracy in % (mean rank; 1 is best) over datasets"
    return _across("mapping", cells, title, index=["network", "method"])


def friedman(tested: pl.DataFrame) -> Table:
    """The statistic of Friedman's test, and in words whether the ranks can be chance."""
    numbers = [decimal(pl.col(name), 2) for name in ("statistic", "critical difference")]
    table = tested.with_columns(*numbers, _p("p").alias("p"))
    return Table("Friedman's test of the ranks", without_constant_pairs(table))


def classes(found: pl.DataFrame) -> list[Table]:
    """A table for each dataset and network with few classes: accuracy in percent of each class."""
    parts = found.partition_by(PAIR, maintain_order=True)
    return [_of_classes(part) for part in parts if part["class"].n_unique() <= MANY]


def _of_classes(part: pl.DataFrame) -> Table:
    cells = part.with_columns(
        text=decimal(pl.col("accuracy")), place=place(pl.col("accuracy"), ["class"])
    )
    return _across("class", cells, title_of(part), index=["method", "mapping"])


def with_differences(found: pl.DataFrame, column: str) -> tuple[pl.DataFrame, str]:
    """A table whose ``column`` lists sentences, with their numbers there, and a note of them all.

    Those of all rows have no number; without others the column is left out.
    """
    lists = [list(row) for row in found[column]]
    every = list(dict.fromkeys(said for row in lists for said in row))
    common = [said for said in every if all(said in row for row in lists)]
    number = {said: i for i, said in enumerate((s for s in every if s not in common), 1)}
    cells = [", ".join(str(number[s]) for s in row if s in number) or None for row in lists]
    notes = [f"In all rows ours differs from the papers: {'; '.join(common)}."] if common else []
    if not number:
        return found.drop(column), " ".join(notes)
    numbered = "; ".join(f"({i}) {said}" for said, i in number.items())
    notes.append(f"The numbers in the column {column} are: {numbered}.")
    return found.with_columns(pl.Series(column, cells, pl.String)), " ".join(notes)


def _across(name: str, cells: pl.DataFrame, title: str, index: list[str]) -> Table:
    """A table with a column for each value of ``name``, from the columns ``text`` and ``place``."""
    text, best = (cells.pivot(name, index=index, values=v) for v in ("text", "place"))
    return Table(title, without_constant_pairs(text), best.drop(index))
