"""How many seeds chose which source class, against counts by hand."""

import torch

from lorvp.results.pictures.arrays import mapping_counts


def state(*chosen: list[int]) -> dict[str, torch.Tensor]:
    """The state of a mapping that took these source classes for each target class."""
    return {"mapping.source_KM": torch.tensor(chosen), "prompt.x": torch.zeros(1)}


LINEAR = ("lp", {"mapping.linear.weight": torch.zeros(1)})


def test_mapping_counts_say_how_many_seeds_chose_what():
    ilm = [("ilm", state([0], [2])), ("ilm", state([1], [2])), ("ilm", state([0], [2]))]
    seeds = [*ilm, ("flm", state([2], [0])), LINEAR]
    table = mapping_counts(seeds, ["zero", "one"], ["A", "B", "C"])
    assert sorted(table.rows()) == sorted(
        [
            ("ilm", "zero", "A", 2, 3),
            ("ilm", "zero", "B", 1, 3),
            ("ilm", "one", "C", 3, 3),
            ("flm", "zero", "C", 1, 1),
            ("flm", "one", "A", 1, 1),
        ]
    )


def test_every_one_of_several_sources_is_counted():
    seeds = [("ilm", state([0, 1], [2, 3])), ("ilm", state([1, 0], [3, 4]))]
    table = mapping_counts(seeds, ["zero", "one"], list("ABCDE"))
    chosen = {row[1:4] for row in table.rows()}
    assert chosen == {
        ("zero", "A", 2), ("zero", "B", 2), ("one", "C", 1), ("one", "D", 2), ("one", "E", 1),
    }  # fmt: skip


def test_two_sources_of_one_name_are_two():
    """ImageNet has two cranes; three seeds that chose one or the other do not agree."""
    seeds = [("ilm", state([0])), ("ilm", state([2])), ("ilm", state([2]))]
    table = mapping_counts(seeds, ["zero"], ["crane", "bird", "crane"])
    assert sorted(table.rows()) == [
        ("ilm", "zero", "crane (0)", 1, 3), ("ilm", "zero", "crane (2)", 2, 3),
    ]  # fmt: skip


def test_no_counts_without_a_mapping_that_chooses():
    assert len(mapping_counts([LINEAR], ["zero"], ["A"])) == 0
