"""What pages say of methods, mappings, datasets and papers is what the code declares."""

import re

import pytest

from lorvp.datasets.adapters import DatasetConfig
from lorvp.mappings import MappingConfig
from lorvp.prompts.methods import MethodConfig
from tests.support.kind_pages import pages
from tests.support.origins import kinds
from tests.support.pages import PAGES

FIDELITY = "lorvp/FIDELITY.md"


def test_the_pages_are_what_the_code_gives():
    for name, text in pages().items():
        assert text == PAGES[name], "run `python -m tests.support.kind_pages`"


def row_of(kind, page: str) -> str:
    """The one row of a kind, without its name."""
    (row,) = re.findall(rf"^\| `{kind.model_fields['kind'].default}` \| (.*)", PAGES[page], re.M)
    return row


@pytest.mark.parametrize("union", [MethodConfig, MappingConfig])
def test_every_kind_has_a_row_with_all_that_it_declares(union):
    for kind in kinds(union):
        row, origin = row_of(kind, FIDELITY), kind.origin
        for text in (
            origin.paper,
            origin.formula,
            origin.recipe,
            *(d.what for d in origin.differs),
        ):
            assert text.replace("|", "\\|").replace("<", "&lt;") in row or text in row


PRINTED = {"lor_vp": "5,376 (r=4)", "pad": "69,840 (p=30)", "smm": "150,528 + 26,499 (patch=8)"}


def test_methods_train_as_many_values_as_their_papers_print():
    rows = {kind.model_fields["kind"].default: row_of(kind, "lorvp/prompts/README.md")
            for kind in kinds(MethodConfig)}  # fmt: skip
    for name, printed in PRINTED.items():
        assert f" | {printed} | " in rows[name]


def test_sizes_in_words_are_those_that_a_plan_counts_with():
    """Up to rounding in each class, which a plan does not know."""
    found = 0
    for kind in kinds(DatasetConfig):
        row = row_of(kind, "lorvp/datasets/README.md")
        told = re.match(r"([\d,]+) classes: ([\d,]+) / ([\d,]+) / ([\d,]+) ", row)
        if told:
            classes, *parts = (int(number.replace(",", "")) for number in told.groups())
            expected = kind().expected()
            assert expected.classes == classes
            assert sum(parts) == sum(expected[1:])
            assert all(abs(a - b) <= classes for a, b in zip(parts, expected[1:], strict=True))
            found += 1
    assert found == 22
