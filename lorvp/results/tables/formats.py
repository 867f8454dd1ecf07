"""Tables as Markdown, LaTeX (booktabs) and CSV. Names are text: nothing in them is a command.

In Markdown and LaTeX the best of a column is bold and the second underlined.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import polars as pl

from lorvp.results.tables.table import Section, Table
from lorvp.text.names import visible

NOTHING = "–"
MARKDOWN = {1: "**{}**", 2: "<u>{}</u>"}
LATEX = {1: r"\textbf{{{}}}", 2: r"\underline{{{}}}"}

IN_MARKDOWN = re.compile(
    r"[\\`*\[~$|]"
    r"|<(?=[A-Za-z/!?])|&(?=[#\w])"  # where a tag or an entity would begin
    r"|(?<![^\W_])_|_(?![^\W_])"  # between letters it is no mark
)
IN_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "±": r"$\pm$", "–": "--", "·": r"$\cdot$", "×": r"$\times$", "<": "$<$", ">": "$>$",
    # A row that begins with one of these would be an argument of the line break before it.
    "[": "{[}", "*": "{*}",
    "`": r"\textasciigrave{}",
    # Of two that LaTeX would join, the first.
    "-": "-{}", "'": "'{}", ",": ",{}",
}  # fmt: skip
LATEX_PARTS = re.compile(r"([-',])(?=\1)|[^\w\s\-',]|_")

FORMULA = r"(?s)^([=@＝＠\t\r].|[+\-＋－].*[^\d.,% ])"
"""What a spreadsheet would compute; a sign alone, or with nothing but a number, is harmless."""


def markdown(table: pl.DataFrame) -> str:
    """A table that GitHub and Prefect render; "–" for what is null."""
    rows = [[in_markdown(value) for value in row] for row in table.iter_rows()]
    return _grid([in_markdown(name) for name in table.columns], rows)


def marked_markdown(shown: Table) -> str:
    """The same with marks."""
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
    """Tables below each other, with a heading each where there are several, and the note."""
    if not section.tables:
        return f"{section.otherwise}\n"
    several = len(section.tables) > 1
    headed = [f"## {in_markdown(shown.title)}\n\n" if several else "" for shown in section.tables]
    tables = map(marked_markdown, section.tables)
    text = "\n".join(head + table for head, table in zip(headed, tables, strict=True))
    return f"{text}\n{section.note}\n" if section.note else text


def latex(shown: Table) -> str:
    """A ``table`` that needs only ``\\usepackage{booktabs}``; with names in other scripts than
    Latin, XeLaTeX or LuaLaTeX and a font that has them."""
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


def write_csv(table: pl.DataFrame, path: Path) -> None:
    """For programs and spreadsheets. Text that a spreadsheet would compute gets an apostrophe in
    front (OWASP's advice): only names of classes can be such, and the Parquet file beside has
    them as they are."""
    texts = [name for name, dtype in table.schema.items() if dtype == pl.String]
    table.with_columns(_no_formula(name) for name in texts).write_csv(path)


def _no_formula(column: str) -> pl.Expr:
    text = pl.col(column)
    safe = pl.when(text.str.contains(FORMULA)).then(pl.lit("'") + text)
    return safe.otherwise(text).alias(column)


def text_of(value: object) -> str:
    """What stands in a cell; thousands are set apart, and what cannot be read is shown."""
    if value is None:
        return NOTHING
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:,}".replace("nan", "NaN")
    return visible(str(value))


def in_markdown(value: object) -> str:
    """The same with nothing in it that Markdown would not show as it is."""
    return IN_MARKDOWN.sub(r"\\\g<0>", text_of(value))


def in_latex(value: object) -> str:
    """The same with nothing in it that is a command."""
    return LATEX_PARTS.sub(lambda part: IN_LATEX.get(part[0], part[0]), text_of(value))


def fenced(text: str, language: str = "") -> str:
    """A block of code in Markdown, which nothing in ``text`` can end."""
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
