"""What the tables say of a trial of ours beside a published number."""

from typing import ClassVar, Literal

import polars as pl
import pytest

from lorvp.datasets.adapters.cifar import Cifar10Config
from lorvp.datasets.adapters.dtd import DtdConfig
from lorvp.experiment.trial import Trial
from lorvp.prompts.methods.base import Method
from lorvp.results.tables.differences import Ours, declared_by, differences
from lorvp.results.tables.display import with_differences
from lorvp.results.tables.procedures import PROCEDURES
from lorvp.results.tables.published import DIFFERS, read, section
from lorvp.settings import Differs, Origin

EPOCH, SQUASHED = "the epoch is chosen on validation images", "images squashed into a square"
COUNTS = "ilm: counts on training images as they are"


def said(paper, method="none", mapping="lp", dataset=None, interpolation=None, declared=(),
         **training):  # fmt: skip
    method, mapping = ({"kind": v} if isinstance(v, str) else v for v in (method, mapping))
    trial = Trial(
        dataset="mine", network="net", method=method, mapping=mapping,
        training={"recipe": "paper"} | training,
    )  # fmt: skip
    return differences(paper, Ours(trial, dataset or Cifar10Config(), interpolation, declared))


def starts(sentences, beginning) -> bool:
    return any(sentence.startswith(beginning) for sentence in sentences)


def test_every_paper_with_a_number_has_a_procedure():
    assert set(read()["paper"]) == set(PROCEDURES)


def test_the_epoch_and_the_precision():
    sentences = said("ILM-VP, CVPR 2023")
    assert starts(sentences, EPOCH)
    assert starts(sentences, "fp32, not fp16 autocast")
    assert starts(said("ILM-VP, CVPR 2023", precision="bf16"), "bf16, not fp16 autocast")
    assert starts(said("AdaViPro, ICIP 2024"), "the epoch is chosen on validation images; how the")


def test_a_paper_of_which_nothing_is_known_differs_in_what_the_method_declares():
    assert said("Nobody, 2031") == []
    assert said("Nobody, 2031", "evp") == ["evp: the rate falls at each step, not once an epoch"]


@pytest.mark.parametrize(
    ("interpolation", "told"), [(None, False), ("bilinear", False), ("bicubic", True)]
)
def test_the_interpolation_of_the_network(interpolation, told):
    sentences = said("SMM, ICML 2024", interpolation=interpolation)
    assert starts(sentences, "prompts see images resized by bicubic") == told


def test_the_view_of_photographs():
    assert starts(said("RVP", dataset=DtdConfig()), SQUASHED)
    assert not starts(said("RVP", dataset=DtdConfig(resize="crop")), SQUASHED)
    assert not starts(said("SMM, ICML 2024", dataset=DtdConfig()), SQUASHED)


def test_settings_other_than_the_recipes_are_named():
    assert "epochs, lr other than in the method's recipe" in said("RVP", epochs=3, lr=1.0)
    assert not any("recipe" in s for s in said("RVP", test_every_epoch=True, precision="bf16"))


@pytest.mark.parametrize(("layers", "told"), [(5, False), (6, True)])
def test_some_hold_only_with_some_settings(layers, told):
    sentences = said("SMM, ICML 2024", {"kind": "smm", "layers": layers}, "ilm")
    assert starts(sentences, "smm: the mask's rate falls with the prompt's") == told


@pytest.mark.parametrize(("flip", "told"), [(True, True), (False, False)])
def test_counts_differ_where_the_images_are_augmented(flip, told):
    assert starts(said("SMM, ICML 2024", "pad", "ilm", augmentation={"flip": flip}), COUNTS) == told


@pytest.mark.parametrize("kind", ["flm", "ilm", "blm", "blm_plus", "prm"])
def test_counts_on_augmented_images_are_no_difference(kind):
    """What the paper's code does is done where the mapping is told to."""
    for augmented, told in ((False, True), (True, False)):
        asked = {"kind": kind, "augmented": augmented}
        sentences = said("SMM, ICML 2024", "pad", asked, augmentation={"flip": True})
        assert starts(sentences, f"{kind}: counts on training images as they are") == told


def test_what_the_grid_declares_comes_last():
    assert said("RVP", declared=("own images",))[-1] == "own images"


class Foreign(Method):
    """A method from somebody else's package, which declares nothing."""

    kind: Literal["foreign"] = "foreign"


class Own(Foreign):
    origin: ClassVar[Origin] = Origin("ours", "x", "none", (Differs("a, not b"),))


def test_who_declares_nothing_has_none():
    assert list(declared_by(Foreign(), augmented=True)) == []
    assert list(declared_by(Own(), augmented=False)) == ["a, not b"]


def table(*lists) -> pl.DataFrame:
    rows = pl.Series(DIFFERS, [list(words) for words in lists], pl.List(pl.String))
    return pl.DataFrame({"ours": range(len(lists))}).with_columns(rows)


def test_what_all_rows_share_is_said_once_and_the_rest_has_numbers():
    shown, note = with_differences(table("ab", "bac", "dcb"), DIFFERS)
    assert shown[DIFFERS].to_list() == ["1", "1, 2", "3, 2"]
    assert note == (
        "In all rows ours differs from the papers: b. The numbers in the column differs are: "
        "(1) a; (2) c; (3) d."
    )


def test_without_others_there_is_no_column():
    shown, note = with_differences(table("ab", "ab"), DIFFERS)
    assert shown.columns == ["ours"]
    assert note == "In all rows ours differs from the papers: a; b."
    assert with_differences(table("", ""), DIFFERS)[1] == ""


def test_a_row_without_any_has_an_empty_cell():
    assert with_differences(table("a", ""), DIFFERS)[0][DIFFERS].to_list() == ["1", None]


def test_files_of_numbers_have_the_words():
    found = section(table("ab", "c"))
    assert found.numbers[DIFFERS].to_list() == ["a; b", "c"]
    assert found.tables[0].cells[DIFFERS].to_list() == ["1, 2", "3"]
    assert section(table()).tables == []
