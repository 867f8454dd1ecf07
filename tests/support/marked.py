"""Parts of a page that are made of the code: between `<!-- NAME -->` and `<!-- end of NAME -->`."""

from __future__ import annotations

import re


def with_part(page: str, name: str, part: str) -> str:
    """``page`` with ``part`` between the two marks of that name."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    text, times = re.subn(
        f"{begin}.*?{end}", lambda _: f"{begin}{part}{end}", page, flags=re.DOTALL
    )
    assert times == 1, f"the page has {times} parts between {begin}"
    return text
