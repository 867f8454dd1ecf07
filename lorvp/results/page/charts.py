"""Charts of the page that tell numbers where the pointer is: Vega, inside the page.

The page allows no code from text (``eval``), so Vega's expressions are interpreted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import vl_convert
from markupsafe import Markup

LARGEST = 400_000
"""Letters of a chart's data; a larger one is shown as a picture alone."""


@cache
def library() -> Markup:
    """Vega, Vega-Lite and vega-embed as one script, about 0.9 MB."""
    return _inside_script(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def as_json(specification: Mapping[str, Any]) -> Markup | None:
    """A chart's specification to be put into the page; None if it is too large."""
    text = json.dumps(specification, separators=(",", ":"))
    return None if len(text) > LARGEST else Markup(text.replace("<", "\\u003c"))


def _inside_script(code: str) -> Markup:
    """Code in which nothing ends the script, or begins a comment of HTML."""
    return Markup(code.replace("</script", "<\\/script").replace("<!--", "<\\!--"))
