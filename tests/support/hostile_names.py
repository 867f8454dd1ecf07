"""Names that do harm where they are taken for more than text, and readers of each format.

The readers know nothing of lorvp's writers.
"""

import re
import unicodedata
from html.parser import HTMLParser

import polars as pl
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from lorvp.results.tables import Table

SCRIPT, IMAGE = "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>'
SHOWN = [
    SCRIPT, IMAGE, "a|b", "a||b", r"\|", "`code`", "``` x", "**bold**", "_x_", "__init__", "a_b_c",
    "~~gone~~", "[link](javascript:alert(1))", "![x](y)", "<b>", "</td>", "<!-- x", "&lt;", "& co",
    "&#60;", "$\\input{/etc/passwd}$", "\\", "\\\\", "100 %", "#1", "{}", "^2", "a--b", "''", "``",
    "[x]", "*", "=SUM(A1)", "+1", "-", "-2+3", "@SUM(1)", "=", "'quoted'", '"quoted"', "a,b", "a;b",
    "x" * 300, "word " * 60 + "end", "שלום", "مرحبا", "e\u0301", "👩\u200d🔬", "日本語", "Straße",
    "__proto__", "constructor", "null", "NaN", "1,234", "{{ x }}", "{% x %}", "<0.001", "%s", "a/b",
]  # fmt: skip
"""Allowed names, which every format has to show unchanged."""
HIDDEN = ["a\nb", "a\tb", "a\x00b", "\x1b[31mred", "\u202egnp.exe", "a\u2028b", "\udc80", "\u2066x"]
"""Names that are refused as input."""

PARTS = st.sampled_from([*"\\`*_{}[]()<>#+-.!|~$&%^=@'\" ,;:/?", "a", "B", "7", "é", "ש", "&amp;"])
names = st.one_of(
    st.sampled_from([name for name in SHOWN if len(name) < 100]),
    st.lists(PARTS, min_size=1, max_size=12).map("".join),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12),
).map(lambda name: " ".join(name.split())).filter(bool)  # fmt: skip


class Cells(HTMLParser):
    """The texts of all tables, row by row, and every tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[tuple[str, dict]] = []
        self.inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside &= tag not in ("th", "td")

    def handle_data(self, data):
        if self.inside:
            self.rows[-1][-1] += data


def read_markdown(text: str) -> Cells:
    """Read Markdown as GitHub does, with tables, struck text and HTML."""
    return Cells(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text))


COMMANDS = {
    r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^",
    r"\textasciigrave{}": "`", r"$\pm$": "±", r"$\cdot$": "·", r"$\times$": "×", "$<$": "<",
    "$>$": ">", "--": "–", "{[}": "[", "{*}": "*", "{}": "",
    r"$\triangle$": "▲", r"$\nabla$": "▼",
}  # fmt: skip


def read_latex(line: str) -> list[str]:
    """The cells of a LaTeX row, by a scanner that fails at anything but known text."""
    cells, at = [""], 0
    assert line.endswith(r" \\")
    line = line.removesuffix(r" \\")
    while at < len(line):
        if line.startswith(" & ", at):
            cells.append("")
            at += 3
            continue
        known = next((c for c in COMMANDS if line.startswith(c, at)), None)
        if known:
            cells[-1], at = cells[-1] + COMMANDS[known], at + len(known)
        elif line[at] == "\\":
            assert line[at + 1] in "&%$#_{}", line[at:]
            cells[-1], at = cells[-1] + line[at + 1], at + 2
        else:
            assert line[at] not in "&%$#_{}~^\\`[*", line[at:]
            assert not re.match(r"(''|,,)", line[at:]), "joined by LaTeX"
            cells[-1], at = cells[-1] + line[at], at + 1
    return cells


def is_seen(text: str) -> bool:
    """Whether no character commands a terminal or changes the direction of text."""
    turning = [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]
    return not any(unicodedata.category(c) in ("Cc", "Cs") or ord(c) in turning for c in text)


def table_with(names: list[str]) -> Table:
    """A table with the names as rows, columns and title; its first cell is marked best."""
    columns = [name for name in dict.fromkeys(names) if name != "n"]
    cells = pl.DataFrame(dict.fromkeys(columns, names) | {"n": range(len(names))})
    first = [1, *[None] * (len(names) - 1)]
    return Table(names[0], cells, pl.DataFrame({columns[0]: first}))
