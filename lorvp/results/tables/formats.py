"""Tables as Markdown, LaTeX (booktabs) and CSV.

In Markdown and LaTeX the best cell of a column is bold and the second underlined. Names are
escaped: whatever characters they have, none is a command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from csv import writer
from io import StringIO
from pathlib import Path

import polars as pl

from lorvp.results.tables.table import Section, Table
from lorvp.text.printable import printable

NOTHING = "–"
MARKDOWN = {1: "**{}**", 2: "<u>{}</u>"}
LATEX = {1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"}

IN_MARKDOWN = re.compile(
    r"[\\`*\[~$|]"
    r"|<(?=[A-Za-z/!?])|&(?=[#\w])"  # where a tag or an entity would begin
    r"|(?<![^\W_])_|_(?![^\W_])"  # an underscore between letters marks nothing
)
IN_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "±": r"$\pm$", "–": "--", "·": r"$\cdot$", "×": r"$\times$", "<": "$<$", ">": "$>$",
    "▲": r"$\triangle$", "▼": r"$\nabla$",
    # A row that begins with one of these would be an argument of the line break before it.
    "[": "{[}", "*": "{*}",
    "`": r"\textasciigrave{}",
    # LaTeX joins two of these (-- is a dash), so something is put behind the first.
    "-": "-{}", "'": "'{}", ",": ",{}",
}  # fmt: skip
LATEX_PARTS = re.compile(r"([-',])(?=\1)|[^\w\s\-',]|_")

FORMULA = r"(?s)^([=@＝＠\t\r].|[+\-＋－].*[^\d.,% ])"
"""Text that a spreadsheet would compute; a sign alone or before a number is harmless."""


def markdown(table: pl.DataFrame) -> str:
    """A Markdown table as GitHub and Prefect render it, with "–" for null."""
    rows = [[in_markdown(value) for value in row] for row in table.iter_rows()]
    return _grid([in_markdown(name) for name in table.columns], rows)


def marked_markdown(shown: Table) -> str:
    """A Markdown table with its best and second cells marked."""
    rows = [[_marked(value, place, MARKDOWN, in_markdown) for value, place in row]
            for row in shown.rows()]  # fmt: skip
    return _grid([in_markdown(name) for name in shown.cells.columns], rows)


def _grid(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = "|".join("-" * (width + 2) for width in widths)
    line, *lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in (head, *rows)
    ]
    return "\n".join([f"| {line} |", f"|{rule}|", *(f"| {line} |" for line in lines), ""])


def section_markdown(section: Section) -> str:
    """A section's tables, each under a heading where there are several, and its note."""
    if not section.tables:
        return f"{section.otherwise}\n"
    several = len(section.tables) > 1
    headed = [f"## {in_markdown(shown.title)}\n\n" if several else "" for shown in section.tables]
    tables = map(marked_markdown, section.tables)
    text = "\n".join(head + table for head, table in zip(headed, tables, strict=True))
    return f"{text}\n{section.note}\n" if section.note else text


def latex(shown: Table) -> str:
    """A LaTeX ``table``, for which the document needs ``\\usepackage{booktabs}``.

    Names in other scripts than Latin also need XeLaTeX or LuaLaTeX, and a font that has them.
    """
    cells = shown.cells
    columns = "".join("r" if dtype.is_numeric() else "l" for dtype in cells.dtypes)
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{in_latex(shown.title)}}}",
            rf"  \begin{{tabular}}{{{columns}}}",
            r"    \toprule",
            _line(map(in_latex, cells.columns)),
            r"    \midrule",
            *_body(shown),
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def csv(shown: Table) -> str:
    """A table as it is read, as CSV; see `write_csv`."""
    out = StringIO()
    rows = [shown.cells.columns, *shown.cells.iter_rows()]
    writer(out, lineterminator="\n").writerows([list(map(_plain, row)) for row in rows])
    return out.getvalue()


def _plain(value: object) -> str:
    """The text of a cell that no spreadsheet computes."""
    text = text_of(value)
    return f"'{text}" if re.search(FORMULA, text) else text


def write_csv(table: pl.DataFrame, path: Path) -> None:
    """Write a CSV file for programs and spreadsheets.

    Text that a spreadsheet would compute gets an apostrophe in front, as OWASP advises. Only class
    names can look like that; the Parquet file of the same table has them unchanged.
    """
    texts = [name for name, dtype in table.schema.items() if dtype == pl.String]
    table.with_columns(_no_formula(name) for name in texts).write_csv(path)


def _no_formula(column: str) -> pl.Expr:
    text = pl.col(column)
    safe = pl.when(text.str.contains(FORMULA)).then(pl.lit("'") + text)
    return safe.otherwise(text).alias(column)


def text_of(value: object) -> str:
    """The text of a cell: numbers with commas at thousands, invisible characters by their code."""
    if value is None:
        return NOTHING
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}".replace("nan", "NaN")
    return printable(str(value))


def in_markdown(value: object) -> str:
    """The text of a cell with Markdown's special characters escaped."""
    return IN_MARKDOWN.sub(r"\\\g<0>", text_of(value))


def in_latex(value: object) -> str:
    """The text of a cell with LaTeX's special characters escaped."""
    return LATEX_PARTS.sub(lambda part: IN_LATEX.get(part[0], part[0]), text_of(value))


def fenced(text: str, language: str = "") -> str:
    """A code block in Markdown, with a fence longer than any run of backticks in ``text``."""
    fence = "`" * (1 + max(map(len, re.findall("`{2,}", text)), default=2))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def _body(shown: Table) -> Iterator[str]:
    for row in shown.rows():
        yield _line(_marked(value, place, LATEX, in_latex) for value, place in row)


def _marked(
    value: object, place: int | None, marks: dict[int, str], text: Callable[[object], str]
) -> str:
    return marks[place].format(text(value)) if place and value is not None else text(value)


def _line(cells: Iterable[str]) -> str:
    return "    " + " & ".join(cells) + r" \\"
