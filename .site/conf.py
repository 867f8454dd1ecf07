"""The documentation's site, made from the pages where they lie: CONTRIBUTING.md has the command.

`index.md` names the pages in order, and `.site` is left out of their addresses.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path[:0] = [str(HERE), str(ROOT)]

from lorvp.version import VERSION  # noqa: E402

project = "lorvp"
author = "The lorvp authors"
project_copyright = f"2026 {author}"
version = release = VERSION

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "pages",
    "generated",
    "shown",
]
root_doc = "index"
source_suffix = {".md": "markdown"}
include_patterns = [
    "*.md",
    ".site/**.md",
    "data/*.md",
    "data/descriptions/*.md",
    "data/presets/*.md",
    "data/reference/*.md",
    "flows/**.md",
    "lorvp/**.md",
    "tasks/**.md",
    "tests/**.md",
]
# Not looked into: they hold no page, and some of them are large.
exclude_patterns = [
    ".git",
    ".dvc",
    ".venv",
    ".site/html",
    "data/checkpoints",
    "data/datasets",
    "data/prompts",
    "data/shifts",
    "data/tables",
    "data/wandb",
    "dvc_plots",
]

myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]
suppress_warnings = [
    "myst.header",
    "ref.python",  # a short name in a signature, which several modules have
]
# Where files that are no page are looked at: `-D repository=https://HOST/OWNER/lorvp/blob/main`.
# Without it the site has copies of them.
repository = ""

autodoc_default_options = {
    "members": True,
    "ignore-module-all": True,
    "member-order": "bysource",
    "show-inheritance": True,
}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
autodoc_preserve_defaults = True
autodoc_inherit_docstrings = False

html_theme = "furo"
html_title = f"lorvp {VERSION}"
html_copy_source = False
html_show_sourcelink = False
