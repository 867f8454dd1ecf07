"""Names of the ImageNet classes."""

import pytest

from lorvp.datasets.imagenet_classes import (
    SUBSETS,
    imagenet_names,
    imagenet_synsets,
    names_by_number,
)


@pytest.mark.parametrize(("subset", "number"), SUBSETS.items())
def test_every_class_has_a_name_of_its_own(subset, number):
    names, synsets = imagenet_names(subset), imagenet_synsets(subset)
    assert len(names) == len(synsets) == number
    assert len(set(names)) == number
    assert all(names)
    assert names_by_number(number) == names


def test_names_are_short_and_in_the_order_of_the_logits():
    """A few classes of the benchmark, by their well-known numbers."""
    names = imagenet_names("imagenet-1k")
    known = {0: "tench", 1: "goldfish", 207: "golden retriever", 281: "tabby", 817: "sports car"}
    assert {number: names[number] for number in known} == known
    assert sum("," in name for name in names) == 1


def test_two_classes_of_one_first_word_get_all_their_words_or_their_number():
    names = imagenet_names("imagenet-1k")
    assert (names[134], names[517]) == ("crane (n02012849)", "crane (n03126707)")
    assert (names[638], names[639]) == ("maillot", "maillot, tank suit")


def test_a_number_of_classes_that_no_subset_has():
    assert names_by_number(10) is None


def test_synsets_are_wordnets():
    assert imagenet_synsets("imagenet-1k")[:2] == ["n01440764", "n01443537"]
