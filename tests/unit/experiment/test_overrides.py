"""What a form changes in a grid."""

import pytest

from lorvp.errors import InputError
from lorvp.experiment.overrides import changed
from tests.support.experiments import RAW


def grid(**changes):
    return changed(RAW, changes)["grid"]


def test_an_empty_form_changes_nothing():
    assert changed(RAW, {"methods": [], "training": {}, "grid": {}, "compute": {}}) == RAW


def test_methods_keep_their_blocks_and_settings_and_others_join_the_first():
    found = grid(methods=["compose", "pad", "smm"])
    assert found["pixel"]["method"] == {"regions": RAW["grid"]["pixel"]["method"]["regions"]} | {
        "smm": None
    }
    assert found["border"] == RAW["grid"]["border"]


def test_a_block_that_none_of_the_methods_is_in_goes():
    assert list(grid(methods=["none"])) == ["pixel"]
    assert list(grid(methods=["pad"])) == ["border"]


def test_ranks_go_wherever_a_rank_can_stand():
    methods = grid(ranks=[8])["pixel"]["method"]
    assert methods["lor_vp"] == {"rank": [8]}
    assert methods["regions"]["content"] == {"kind": "low_rank", "rank": [8]}
    assert methods["none"] is None
    with pytest.raises(InputError, match="no method of this grid has a rank"):
        grid(ranks=[8], methods=["pad"])


def test_mappings_of_a_kind_keep_their_settings():
    found = grid(mappings=["ilm", "fm"])
    kept = {"ilm": None, "two": {"kind": "ilm", "per_target": 2}, "fm": None}
    assert found["pixel"]["mapping"] == kept
    assert found["border"]["mapping"] == {"ilm": None, "fm": None}


def test_training_and_seeds_go_to_every_block_and_compute_to_its_section():
    found = grid(training={"epochs": [5]}, seeds=[3])
    assert found["pixel"]["training"] == {"lr": 0.05, "epochs": [5]}
    assert found["border"]["training"] == {"recipe": "paper", "epochs": [5]}
    assert {block["seed"][0] for block in found.values()} == {3}
    compute = changed(RAW, {"compute": {"workers": 3}})["compute"]
    assert compute == {"workers": 3, "retries": 2}


def test_datasets_and_networks_go_to_every_block():
    found = grid(datasets=["letters"], networks=["a", "b"])
    assert {block["dataset"][0] for block in found.values()} == {"letters"}
    assert all(block["network"] == ["a", "b"] for block in found.values())


def test_a_grid_of_the_forms_own_is_changed_as_well():
    own = {"x": {"method": "pad", "mapping": "lp"}}
    assert grid(grid=own, seeds=[1]) == {"x": own["x"] | {"seed": [1]}}
    assert grid(grid={"x": 3}, seeds=[1]) == {"x": 3}, "told when it is checked"
