"""Type the tutorials from top to bottom: each ends with what its page shows."""

from __future__ import annotations

import sys

import pytest

from tests.pipeline.project import Project
from tests.support.networks.upload_hub import hub
from tests.support.pages import PAGES
from tests.support.tutorials import blocks, inserted, is_shown

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def follow(project: Project, name: str, **variables: str) -> None:
    """Do what the page says; a block without a language is in the output of the one before."""
    shown = ""
    for language, file, code in blocks(PAGES[f".site/learn/{name}.md"]):
        if file and language == "diff":
            changed = inserted((project.repo / file).read_text(), code)
            (project.repo / file).write_text(changed)
        elif file:
            (project.repo / file).write_text(code)
        elif language == "sh":
            done = project.shell(
                f"set -e\n{code}",
                UV_NO_SYNC="1",
                UV_PROJECT_ENVIRONMENT=sys.prefix,
                **variables,
            )
            assert done.code == 0, f"$ {code}\n{done.out}"
            shown = done.out
        else:
            assert [line for line in code.splitlines() if not is_shown(line, shown)] == [], shown


@pytest.mark.parametrize("name", ["own_network", "own_method", "tune"])
def test_it_ends_with_what_it_shows(project: Project, name: str):
    follow(project, name)


def test_a_prompt_is_published(project: Project):
    with hub() as (state, address):
        follow(project, "publish", HF_ENDPOINT=address, HF_HUB_DISABLE_XET="1")
    assert state.private == {"user/name": True}
    assert "digits" in state.repositories["user/name"]["README.md"].decode()
