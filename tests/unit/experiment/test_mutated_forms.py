"""Forms filled in with anything: a grid that is checked like the file, or one message."""

from pathlib import Path
from random import Random

import pytest

from lorvp.errors import InputError
from lorvp.experiment import params, yaml_file
from lorvp.experiment.overrides import changed
from tasks.settings import RunParams
from tests.support.experiments import RAW
from tests.support.mutations import edited

ROOT = Path(__file__).parent.parent.parent.parent
FILLED_IN = {
    "methods": ["lor_vp", "pad", "compose"],
    "ranks": [1, 8],
    "mappings": ["ilm", "lp"],
    "seeds": [0, 1],
    "training": {"epochs": [2], "lr": 0.1, "optimizer": {"kind": "adam"}},
    "compute": {"workers": 2},
    "grid": RAW["grid"],
}


@pytest.mark.parametrize("group", range(5))
def test_a_form_filled_in_with_anything_is_right_or_told(group):
    raw = yaml_file.read(ROOT / "params.yaml").data
    for number in range(group, 200, 5):
        random = Random(number)
        form = edited(FILLED_IN, random)
        form = form if isinstance(form, dict) else FILLED_IN
        if number % 2:
            form = {key: value for key, value in form.items() if key != "grid"}
        grid, told = outcome(raw, form)
        assert len(told.splitlines()) <= 1, (number, told)
        if grid is not None:
            experiment, problems = params.check(grid, RunParams)
            assert (experiment is None) == bool(problems), number
            assert all(isinstance(problem.message, str) for problem in problems)


def outcome(raw: dict, form: dict) -> tuple[dict | None, str]:
    """What comes out, or what is said instead."""
    try:
        return changed(raw, form), ""
    except InputError as error:
        return None, str(error)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"methods": "lor_vp"}, "the form: methods: should be a valid list"),
        ({"methods": [["lor_vp"]]}, "the form: methods.0: should be a valid string"),
        ({"compute": 3}, "the form: compute: "),
        ({"grid": [1]}, "the form: grid: "),
        ({"method": ["pad"]}, "the form: method: has no place here"),
        ({"training": {"lr": "\ud800"}}, "no text"),
    ],
    ids=str,
)
def test_an_entry_of_another_type_is_named(form, said):
    _, told = outcome(RAW, form)
    assert said in told


def nested(depth: int) -> list:
    return [nested(depth - 1)] if depth else []


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"seeds": nested(60)}, "the form: nested more than 50 deep"),
        ({"seeds": nested(800)}, "the form: nested more than 50 deep"),
        ({"training": {"lr": "x" * 2**19}}, "the form is larger than 262,144 bytes"),
        ({"seeds": [10**5000]}, "the form holds something that is no text"),
    ],
    ids=["deep", "deeper", "large", "long"],
)
def test_a_form_may_hold_as_much_as_a_file(form, said):
    grid, told = outcome(RAW, form)
    assert said in told
    assert grid is None
    assert len(told) < 300


def test_a_form_that_contains_itself_is_told():
    form: dict = {"training": {}}
    form["training"]["more"] = form
    assert "nested more than 50 deep" in outcome(RAW, form)[1]
