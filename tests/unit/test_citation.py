"""CITATION.cff says what the Citation File Format 1.2.0 asks for, and what the project says."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from ruamel.yaml import YAML

from lorvp.prompts.methods.adavipro import AdaViProConfig
from lorvp.prompts.methods.lor_vp import LorVpConfig
from tests.support.pages import ROOT

CITATION: dict[str, Any] = YAML(typ="safe").load(ROOT / ".site/CITATION.cff")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Of the schema of the format: what has to be there, and what this file uses of the rest.
REQUIRED = {"authors", "cff-version", "message", "title"}
OPTIONAL = {"keywords", "license", "references", "type", "version"}
OF_A_REFERENCE = {"authors", "title", "type", "collection-title", "year", "identifiers"}


def test_it_has_the_keys_of_its_format():
    assert CITATION["cff-version"] == "1.2.0"
    assert REQUIRED <= CITATION.keys() <= REQUIRED | OPTIONAL
    assert all(isinstance(CITATION[key], str) for key in REQUIRED - {"authors"} | {"version"})
    assert all(set(author) == {"name"} for author in CITATION["authors"])
    for reference in CITATION["references"]:
        assert reference.keys() == OF_A_REFERENCE
        assert reference["type"] == "conference-paper"
        assert all(a.keys() == {"family-names", "given-names"} for a in reference["authors"])
        assert isinstance(reference["year"], int)
        assert [i["type"] for i in reference["identifiers"]] == ["other"]


def test_it_says_what_the_project_says():
    assert CITATION["version"] == PROJECT["version"]
    assert CITATION["license"] == PROJECT["license"]
    assert CITATION["authors"][0]["name"] in (ROOT / "LICENSE").read_text()


def test_its_papers_are_those_of_the_methods():
    papers = [AdaViProConfig.origin.paper, LorVpConfig.origin.paper]
    numbers = [re.search(r"\d{4}\.\d{5}", paper) for paper in papers]
    cited = [reference["identifiers"][0]["value"] for reference in CITATION["references"]]
    assert sorted(f"arXiv:{number[0]}" for number in numbers if number) == sorted(cited)
    for reference, paper in zip(CITATION["references"], reversed(papers), strict=True):
        assert str(reference["year"]) in paper
