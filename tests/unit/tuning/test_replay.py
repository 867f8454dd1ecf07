"""A search is a function of its settings and of results: nothing else decides what is tried."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lorvp.tuning.asking import ask, rounds
from lorvp.tuning.replay import Outcome, replay
from tests.support.searches import RATE, outcome, search

EPOCHS = 20
few = settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def name(wanted) -> str:
    return wanted.trial.model_dump_json()


def tried(found) -> list[dict]:
    return [one.values for one in found.tried]


def whole(sought):
    return replay(sought, sought.keys, EPOCHS, outcome)


@few
@given(seed=st.integers(0, 10**6), share=st.floats(0.05, 1), budget=st.sampled_from([3, 8, 13]))
def test_in_whatever_order_results_come_and_however_often_it_is_killed(
    tmp_path, seed, share, budget
):
    """Each time some of what is missing is trained, in any order, and it is planned anew."""
    sought, rng, store = search(tmp_path, budget), random.Random(seed), {}
    for _ in range(10_000):
        ask.cache_clear() if rng.random() < 0.1 else None
        found = replay(sought, sought.keys, EPOCHS, lambda wanted: store.get(name(wanted)))
        if not found.missing:
            break
        missing = rng.sample(found.missing, len(found.missing))
        for wanted in missing[: max(1, int(share * len(missing)))]:
            assert name(wanted) not in store, "it was trained before"
            store[name(wanted)] = outcome(wanted)
    expected = whole(sought)
    assert tried(found) == tried(expected)
    assert found.chosen.values == expected.chosen.values
    assert store.keys() == {name(wanted) for wanted in expected.wanted}


@few
@given(small=st.integers(1, 16), more=st.integers(0, 16))
def test_a_larger_budget_begins_with_the_settings_of_a_smaller_one(tmp_path, small, more):
    one, two = whole(search(tmp_path, small)), whole(search(tmp_path, small + more))
    assert tried(two)[: len(tried(one))] == tried(one)
    assert len(tried(one)) == small
    assert len(tried(two)) == small + more


def test_from_8_to_16_only_new_settings_are_trained(tmp_path):
    eight, sixteen = whole(search(tmp_path, 8)), whole(search(tmp_path, 16))
    before = {name(wanted) for wanted in eight.wanted}
    new = [wanted for wanted in sixteen.wanted if name(wanted) not in before]
    assert before < {name(wanted) for wanted in sixteen.wanted}
    assert {wanted.number for wanted in new} == set(range(8, 16))


@pytest.mark.parametrize("seed", [1, 2])
def test_another_seed_of_the_search_asks_for_others(tmp_path, seed):
    other = search(tmp_path, 8, more=f", seeds: [{seed}]")
    assert not any(values in tried(whole(search(tmp_path, 8))) for values in tried(whole(other)))


def test_every_value_is_one_that_the_space_has_and_can_be_copied(tmp_path):
    for values in tried(whole(search(tmp_path, 32))):
        assert 0.001 <= values["lr"] <= 100
        assert values["lr"] == float(f"{values['lr']:.4g}")
        assert values["rank"] in range(1, 17)
        assert values["optimizer"] in ("sgd", "adam")


def test_the_later_rounds_know_what_the_first_found(tmp_path):
    """Rates near the best one are asked for more often than by chance."""
    sought = search(tmp_path, 40, RATE, ", stop_early: none")
    rates = [values["lr"] for values in tried(replay(sought, sought.keys, EPOCHS, sharp))]
    near = [0.03 < rate < 0.3 for rate in rates]
    assert sum(near[:8]) <= 3
    assert sum(near[8:]) >= 0.4 * 32


def sharp(wanted) -> Outcome:
    off = abs(wanted.trial.training.lr - 0.1)
    return Outcome(1 / (1 + off), off, wanted.until)


def test_seeds_of_the_search_are_averaged_and_one_that_diverges_rules_a_setting_out(tmp_path):
    sought = search(tmp_path, 2, RATE, ", seeds: [5, 6], stop_early: none")

    def look(wanted):
        if wanted.number == 0 and wanted.trial.seed == 6:
            return Outcome(None, epochs=4, why="diverged")
        return Outcome(0.5 if wanted.trial.seed == 5 else 0.7, 1.0, EPOCHS)

    first, second = replay(sought, sought.keys, EPOCHS, look).tried
    assert (first.why, first.epochs, first.seen) == ("diverged", EPOCHS + 4, [])
    assert second.seen == [(EPOCHS, pytest.approx(0.6))]
    assert second.epochs == 2 * EPOCHS


def test_the_best_on_validation_is_chosen_then_the_lower_loss_then_the_first(tmp_path):
    sought = search(tmp_path, 4, RATE, ", stop_early: none")
    seen = [Outcome(0.8, 1.0, 20), Outcome(0.9, 2.0, 20), Outcome(0.9, 1.0, 20), Outcome(0.9, 1, 9)]
    found = replay(sought, sought.keys, EPOCHS, lambda wanted: seen[wanted.number])
    assert found.chosen.number == 2
    bad = replay(sought, sought.keys, EPOCHS, lambda wanted: Outcome(None, why="diverged"))
    assert bad.chosen is None
    assert not bad.missing


def test_without_anything_to_search_nothing_is_tried(tmp_path):
    found = replay(search(tmp_path, 16), (), EPOCHS, outcome)
    assert (found.tried, found.wanted, found.spent, found.whole) == ([], [], 0, 0)


def test_a_candidate_is_never_tested(tmp_path):
    lines = {"training": "{epochs: 20, test_every_epoch: true}"}
    for wanted in whole(search(tmp_path, 8, **lines)).wanted:
        assert not wanted.trial.training.test_every_epoch
        assert wanted.trial.part == "search"
        assert wanted.trial.training.epochs == 20, "schedules are those of all epochs"


def test_rounds_do_not_depend_on_the_budget():
    assert list(rounds(5)) == [5]
    assert list(rounds(16)) == [8, 4, 4]
    assert list(rounds(18)) == [8, 4, 4, 2]
