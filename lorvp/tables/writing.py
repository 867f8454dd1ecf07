"""Tables as Markdown and as LaTeX (booktabs), with the best in bold and the second underlined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from lorvp.tables.shown import Section, Shown

NOTHING = "–"
MARKDOWN = {1: "**{}**", 2: "<u>{}</u>"}
LATEX = {1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"}

SPECIAL = str.maketrans(
    {
        "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
        "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "±": r"$\pm$", "–": "--", "·": r"$\cdot$", "×": r"$\times$", "<": "$<$", ">": "$>$",
    }
)  # fmt: skip


def markdown(table: pl.DataFrame) -> str:
    """A table that GitHub and Prefect render; numbers to the right, "–" for what is null."""
    with pl.Config(
        tbl_formatting="MARKDOWN",
        tbl_hide_column_data_types=True,
        tbl_hide_dataframe_shape=True,
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_width_chars=10_000,
        fmt_str_lengths=200,
        thousands_separator=",",
    ):
        return str(table.with_columns(pl.col(pl.String).fill_null(NOTHING))) + "\n"


def marked_markdown(shown: Shown) -> str:
    """The same with marks."""
    marks = [
        pl.Series(name, [_marked(value, shown.place[name][row], MARKDOWN, str)
                         for row, value in enumerate(shown.cells[name])], pl.String)
        for name in shown.place.columns
    ]  # fmt: skip
    return markdown(shown.cells.with_columns(marks))


def section_markdown(section: Section) -> str:
    """Tables below each other, with a heading each where there are several, and the note."""
    if not section.tables:
        return f"{section.otherwise}\n"
    several = len(section.tables) > 1
    headed = [f"## {shown.title}\n\n" if several else "" for shown in section.tables]
    tables = map(marked_markdown, section.tables)
    text = "\n".join(head + table for head, table in zip(headed, tables, strict=True))
    return f"{text}\n{section.note}\n" if section.note else text


def latex(shown: Shown) -> str:
    """A ``table`` that needs only ``\\usepackage{booktabs}``."""
    cells = shown.cells
    columns = "".join("r" if dtype.is_numeric() else "l" for dtype in cells.dtypes)
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{escaped(shown.title)}}}",
            rf"  \begin{{tabular}}{{{columns}}}",
            r"    \toprule",
            _line(map(escaped, cells.columns)),
            r"    \midrule",
            *_body(shown),
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def text_of(value: object) -> str:
    """What stands in a cell; thousands are set apart."""
    if value is None:
        return NOTHING
    return f"{value:,}" if isinstance(value, int) else str(value)


def escaped(value: object) -> str:
    """The same with nothing in it that is a command."""
    return text_of(value).translate(SPECIAL)


def _body(shown: Shown) -> Iterator[str]:
    for row in shown.rows():
        yield _line(_marked(value, place, LATEX, escaped) for value, place in row)


def _marked(
    value: object, place: int | None, marks: dict[int, str], text: Callable[[object], str]
) -> str | None:
    if value is None:
        return text(NOTHING)
    return marks[place].format(text(value)) if place else text(value)


def _line(cells: Iterable[str | None]) -> str:
    return "    " + " & ".join(str(cell) for cell in cells) + r" \\"
