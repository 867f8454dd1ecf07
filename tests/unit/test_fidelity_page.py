"""The page of papers, formulas, recipes and differences is what the code declares."""

import re

import pytest

from lorvp.mappings import MappingConfig
from lorvp.prompts.methods import MethodConfig
from tests.support.origins import PAGE, kinds, page

TEXT = PAGE.read_text()


def test_the_page_is_what_the_code_gives():
    assert page() == TEXT, "run `python -m tests.support.origins`"


@pytest.mark.parametrize("union", [MethodConfig, MappingConfig])
def test_every_kind_has_a_row_with_all_that_it_declares(union):
    for kind in kinds(union):
        (row,) = re.findall(rf"^\| `{kind.model_fields['kind'].default}` \| (.*)", TEXT, re.M)
        origin = kind.origin
        for text in (
            origin.paper,
            origin.formula,
            origin.recipe,
            *(d.what for d in origin.differs),
        ):
            assert text.replace("|", "\\|").replace("<", "&lt;") in row or text in row
