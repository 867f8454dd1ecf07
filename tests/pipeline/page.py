"""report.html as its tables show it."""

from __future__ import annotations

from collections import defaultdict
from html.parser import HTMLParser


class Tables(HTMLParser):
    """The tables of each section of a page, as text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: dict[str, list[list[str]]] = defaultdict(list)
        self.section, self.cell = "", False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "section":
            self.section = dict(attrs)["aria-labelledby"]
        if tag == "tr":
            self.found[self.section].append([])
        if tag in ("td", "th"):
            self.found[self.section][-1].append("")
            self.cell = True

    def handle_endtag(self, tag):
        self.cell &= tag not in ("td", "th")

    def handle_data(self, data):
        if self.cell:
            self.found[self.section][-1][-1] += data

    def rows(self, section: str) -> list[dict[str, str]]:
        """The rows of the section's one table, by the names in its head."""
        head, *rows = self.found[section]
        return [dict(zip(head, row, strict=True)) for row in rows]
