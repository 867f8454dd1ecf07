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


def link_to_files(app: Sphinx, doctree: nodes.document) -> None:
    """With the address of a repository, let links to files that are no page lead there."""
    address = app.config.repository
    for node in list(doctree.findall(addnodes.download_reference)) if address else ():
        path, _ = app.env.relfn2path(node["reftarget"], node["refdoc"])
        node.replace_self(nodes.reference("", "", *node.children, refuri=f"{address}/{path}"))


def link_to_folder(app: Sphinx, env, node, content) -> nodes.Node | None:
    """A link to a folder leads to its page, to the repository, or is its words alone."""
    if node.get("reftype") != "myst":
        return None
    path, absolute = env.relfn2path(node["reftarget"], node["refdoc"])
    if not Path(absolute).is_dir():
        return None
    words = content.deepcopy()
    page = f"{path}/README"
    if page in env.found_docs:
        address = app.builder.get_relative_uri(node["refdoc"], page)
    elif app.config.repository:
        address = f"{app.config.repository}/{path}"
    else:
        return words
    return nodes.reference("", "", words, refuri=address, internal=page in env.found_docs)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("repository", "", "env")
    app.connect("builder-inited", use)
    app.connect("doctree-read", link_to_files)
    app.connect("missing-reference", link_to_folder)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
