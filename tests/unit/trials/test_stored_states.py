"""States of trials that were stopped, and how long the store keeps them."""

import os
import time

import pytest

from lorvp.trials.store import TrialStore
from tests.support.stores import NAME, flip_a_bit


def test_a_state_goes_where_the_trial_is_finished_and_nowhere_else(store):
    """As after a kill between the last file of a trial and the end of its state."""
    store.resume(NAME).save({"epoch": 1})
    store.resume("f" * 20).save({"epoch": 2})
    store.tidy()
    assert store.resume(NAME).load() is None
    assert store.resume("f" * 20).load() == {"epoch": 2}
    assert store.holds(NAME)


@pytest.mark.parametrize(("days", "kept"), [(59, True), (61, False)])
def test_a_state_that_nobody_goes_on_with_goes_after_two_months(store, days, kept):
    resume = store.resume("f" * 20)
    resume.save({"epoch": 2})
    then = time.time() - days * 86_400
    os.utime(resume.path, (then, then))
    store.tidy()
    assert resume.path.exists() == kept


def test_a_store_that_is_not_there_has_nothing_to_tidy(tmp_path):
    TrialStore(tmp_path / "none").tidy()
    assert not (tmp_path / "none").exists()


def test_a_trial_that_is_damaged_goes_on_from_its_state(store):
    flip_a_bit(store.folder(NAME) / "weights.safetensors")
    store.resume(NAME).save({"epoch": 1})
    store.tidy()
    assert store.resume(NAME).load() == {"epoch": 1}
