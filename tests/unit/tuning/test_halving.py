"""Which settings go on, and how many epochs that takes, counted by hand and by another way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorvp.tuning.halving import going_on, rungs
from lorvp.tuning.replay import Outcome, replay
from tests.support.searches import RATE, outcome, search


def test_rungs_are_a_ninth_a_third_and_all():
    assert rungs(20, True) == (3, 7, 20)
    assert rungs(100, True) == (12, 34, 100)
    assert rungs(2, True) == (1, 2)
    assert rungs(1, True) == (1,)
    assert rungs(20, False) == (20,)


def test_the_better_third_goes_on_and_none_that_is_of_no_use():
    assert going_on([0.1, 0.9, 0.5, 0.9, 0.2, 0.3, 0.4, 0.8]) == [1, 3, 7]
    assert going_on([0.0, 0.0, 0.0, 0.0]) == [0, 1]
    assert going_on([None, 0.1, None, None]) == [1]
    assert going_on([None, None]) == []


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=20))
def test_nobody_who_stays_behind_was_better(accuracies):
    kept = going_on(accuracies)
    assert kept == sorted(set(kept))
    worst = min((accuracies[k] for k in kept), default=1.0)
    left = [a for k, a in enumerate(accuracies) if k not in kept and a is not None]
    assert all(a <= worst for a in left)


def test_epochs_of_one_that_goes_on_are_counted_once(tmp_path):
    """8 to epoch 3, 3 of them to 7, 1 to 20; then twice 4, 2 and 1: by hand."""
    sought = search(tmp_path, 16, RATE)
    found = replay(sought, sought.keys, 20, lambda w: Outcome(1 / w.trial.training.lr, 1, w.until))
    first = 8 * 3 + 3 * (7 - 3) + 1 * (20 - 7)
    later = 4 * 3 + 2 * (7 - 3) + 1 * (20 - 7)
    assert found.spent == first + 2 * later == 115
    assert found.whole == 16 * 20
    assert found.spent / found.whole < 0.45


@pytest.mark.parametrize("budget", [5, 16, 23])
@pytest.mark.parametrize("seeds", [1, 3])
def test_the_account_is_that_of_the_epochs_that_trials_train(tmp_path, budget, seeds):
    """Each epoch of each setting and seed is trained once, whichever trials it is part of."""
    more = f", seeds: {list(range(seeds))}"
    sought = search(tmp_path, budget, RATE, more)
    found = replay(sought, sought.keys, 20, outcome)
    trained = {
        (wanted.number, wanted.trial.seed, epoch)
        for wanted in found.wanted
        for epoch in range(outcome(wanted).epochs)
    }
    assert found.spent == len(trained)
    assert found.whole == budget * seeds * 20
