"""Where pages and the files that they link to are found."""

from __future__ import annotations

import os
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.project import Project

HOME = ".site/"


class Pages(Project):
    """The pages in `.site` lie at the top of the site."""

    def path2doc(self, filename: str | os.PathLike[str]) -> str | None:
        docname = super().path2doc(filename)
        return docname and docname.removeprefix(HOME)


def use(app: Sphinx) -> None:
    """Put ``Pages`` in the place of Sphinx's own class, before it looks for pages."""
    app.project = app.env.project = Pages(app.srcdir, app.config.source_suffix)


def link_files(app: Sphinx, doctree: nodes.document) -> None:
    """Let links to files lead to the repository, if it has an address, and else to copies."""
    address = app.config.repository
    for node in list(doctree.findall(addnodes.download_reference)) if address else ():
        path, _ = app.env.relfn2path(node["reftarget"], node["refdoc"])
        node.replace_self(nodes.reference("", "", *node.children, refuri=f"{address}/{path}"))


def link_folders(app: Sphinx, doctree: nodes.document) -> None:
    """Let links to folders lead to the repository, if it has an address; else keep their words."""
    for node in list(doctree.findall(addnodes.pending_xref)):
        if node.get("reftype") != "myst" or node.get("refdomain"):
            continue
        path, absolute = app.env.relfn2path(node["reftarget"], node["refdoc"])
        if Path(absolute).is_dir():
            address = app.config.repository and f"{app.config.repository}/{path}"
            link = nodes.reference("", "", *node.children, refuri=address)
            node.replace_self(link if address else node.children)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("repository", "", "env")
    app.connect("builder-inited", use)
    app.connect("doctree-read", link_files)
    app.connect("doctree-read", link_folders)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
