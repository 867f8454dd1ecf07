"""What the pipeline needs of all settings: they survive JSON, and their kind names them."""

import json

import pytest
from pydantic import TypeAdapter

from lorvp.mappings import MappingConfig
from lorvp.prompts.contents import ContentConfig
from lorvp.prompts.fits import FitConfig
from lorvp.prompts.methods import MethodConfig
from lorvp.prompts.placements import PlacementConfig
from lorvp.prompts.several import SeveralConfig
from lorvp.settings import Differs, Origin, classes_in
from tests.contract.cases import ASKED, MAPPINGS, METHODS, PARTS, name

UNIONS = [MethodConfig, MappingConfig, ContentConfig, PlacementConfig, FitConfig, SeveralConfig]
CLASSES = [cls for union in UNIONS for cls in classes_in(union)]
SOURCED = [cls for union in UNIONS[:2] for cls in classes_in(union)]
"""Methods and mappings. Contents, placements and fits are parts of theirs."""


def test_the_cases_hold_every_class_of_every_union():
    tried = {type(settings) for settings in METHODS + MAPPINGS + PARTS}
    assert tried == set(CLASSES)
    assert len(METHODS) == len(set(METHODS))


def test_no_class_is_refused_whatever_it_is_asked():
    assert {type(method) for method in ASKED} == {type(method) for method in METHODS}


@pytest.mark.parametrize("union", UNIONS, ids=lambda union: next(classes_in(union)).__name__)
def test_no_two_classes_of_a_union_share_a_kind(union):
    kinds = [cls.model_fields["kind"].default for cls in classes_in(union)]
    assert len(kinds) == len(set(kinds))


@pytest.mark.parametrize("settings", METHODS + MAPPINGS + PARTS, ids=name)
def test_settings_come_back_from_their_json(settings):
    plain = json.loads(json.dumps(settings.model_dump(mode="json")))
    assert type(settings).model_validate_json(json.dumps(plain)) == settings


@pytest.mark.parametrize("settings", MAPPINGS + PARTS, ids=name)
def test_kind_alone_stands_for_the_defaults(settings):
    union = next(u for u in UNIONS if type(settings) in classes_in(u))
    assert TypeAdapter(union).validate_python(settings.kind) == type(settings)()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_the_class_says_what_it_is(cls):
    assert cls.__doc__
    assert cls.__doc__ != cls.__base__.__doc__


@pytest.mark.parametrize("cls", SOURCED, ids=lambda cls: cls.__name__)
def test_the_class_says_where_it_comes_from_and_what_differs(cls):
    """``lorvp/FIDELITY.md`` and the tables of published numbers are made of it."""
    asked = f"{cls.__module__}: {cls.__name__} needs `origin: ClassVar[Origin] = Origin(paper=…, "
    asked += "formula=…, recipe=…, differs=(Differs(…), …))`; see lorvp/settings/origin.py"
    origin = vars(cls).get("origin")
    assert isinstance(origin, Origin), asked
    assert all(text.strip() for text in (origin.paper, origin.formula, origin.recipe)), asked
    assert isinstance(origin.differs, tuple)
    for one in origin.differs:
        assert isinstance(one, Differs)
        assert one.what.strip(), asked
        assert not one.what.endswith("."), "several of them stand in one sentence"
        wrong = one.only.keys() - cls.model_fields
        assert not wrong, f"{cls.__name__} has no setting {wrong}, which a difference depends on"
        assert cls.model_validate(dict(one.only)), "settings that it can have"
