"""The notebook runs from its first cell to its last, and shows what it says."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pytest
from PIL import Image

from tests.support.pages import ROOT

NOTEBOOK = json.loads((ROOT / "lorvp/first_prompt.ipynb").read_text())
CODE = ["".join(cell["source"]) for cell in NOTEBOOK["cells"] if cell["cell_type"] == "code"]


def shown(code: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, if that is an expression, which notebooks show."""
    *lines, last = ast.parse(code).body
    if not isinstance(last, ast.Expr):
        lines, last = [*lines, last], None
    exec(compile(ast.Module(lines, []), "notebook", "exec"), names)
    return last and eval(compile(ast.Expression(last.value), "notebook", "eval"), names)


@pytest.mark.slow  # a minute
def test_it_trains_shows_and_predicts(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    installing, *cells = CODE
    assert re.fullmatch(r"%pip install --quiet lorvp", installing)  # it is here already
    names: dict[str, Any] = {}
    values = [shown(code, names) for code in cells]
    told = capsys.readouterr().out
    without, prompted = map(float, re.findall(r"^\w+: (.*)% of the test", told, re.MULTILINE))
    assert without < 60 < 80 < prompted
    [picture] = [value for value in values if isinstance(value, Image.Image)]
    assert picture.size == (6 * 3 * 32, 6 * 32)
    answers = re.findall(r"^(\d) with \d+%, a (\d)$", told, re.MULTILINE)
    assert len(answers) == 8
    assert sum(guess == label for guess, label in answers) > 4


def test_it_is_kept_without_outputs_and_in_the_form_that_notebooks_have():
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in NOTEBOOK["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in NOTEBOOK["cells"]:
        assert cell["cell_type"] == "markdown" or cell["outputs"] == []
