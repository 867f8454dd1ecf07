"""The site is built without a warning, leads nowhere that is not there, and fetches nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args
from urllib.parse import unquote, urlsplit

import pytest

from lorvp.prompts.methods import MethodConfig
from tests.support.pages import PAGES, ROOT

pytestmark = pytest.mark.slow  # a minute and a half of one core
FETCHED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """The targets of a page, the addresses that it links to, and those that it needs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.links: list[str] = []
        self.needs: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.targets |= {known[name] for name in ("id", "name") if name in known}
        if tag == "a" and "href" in known:
            self.links.append(known["href"])
        if tag in FETCHED and FETCHED[tag] in known:
            self.needs.append(known[FETCHED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Page]:
    pytest.importorskip("sphinx", reason="uv sync --group dev --group docs")
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-E"]
    command += ["-d", str(place / "doctrees"), "-c", ".site", ".", str(place / "html")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return {path: Page(path.read_text()) for path in (place / "html").rglob("*.html")}


def top(site: dict[Path, Page]) -> Path:
    """The folder of the site."""
    return next(path.parent for path in site if path.name == "genindex.html")


def test_every_page_is_there(site):
    made = {path.relative_to(top(site)).with_suffix("").as_posix() for path in site}
    pages = {page.removesuffix(".md").removeprefix(".site/") for page in PAGES}
    assert pages | {"index", "settings"} <= made


def test_every_module_and_every_kind_is_there(site):
    code = "".join(path.read_text() for path in (top(site) / "code").glob("*.html"))
    for path in (ROOT / "lorvp").rglob("*.py"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        assert f'id="module-{name}"' in code, name
    settings = (top(site) / "settings.html").read_text()
    for kind in get_args(get_args(MethodConfig)[0]):
        assert f">{kind.model_fields['kind'].default}<a" in settings
        assert all(key in settings for key in kind.model_fields)


def test_no_link_inside_is_dead(site):
    links = [(path, link) for path, page in site.items() for link in page.links + page.needs]
    assert len(links) > 1000
    dead = [(path.name, link) for path, link in links if is_dead(site, path, link)]
    assert dead == []


def is_dead(site: dict[Path, Page], path: Path, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return True
    known = site[target].targets if target in site else set()
    # Furo's link to the top of a page, and what its scripts fill in, need no target.
    return bool(parts.fragment) and target in site and unquote(parts.fragment) not in known


def test_no_other_host_is_asked(site):
    asked = [need for page in site.values() for need in page.needs if urlsplit(need).netloc]
    assert asked == []
    assert [link for text in styles(top(site)) for link in re.findall(r"url\(https?:", text)] == []


def styles(folder: Path) -> Iterator[str]:
    yield from (path.read_text() for path in folder.rglob("*.css"))


def test_a_page_of_code_is_found_by_the_search(site):
    text = (top(site) / "searchindex.js").read_text()
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    assert {"index", "settings", "lorvp/prompts/README", "code/prompts"} <= set(index["docnames"])
