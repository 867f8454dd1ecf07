"""Tables and pictures of searches, and how tuned rows stand beside others."""

from dataclasses import replace

import polars as pl
import pytest

from lorvp.results import pictures
from lorvp.results.tables import comparison, places, results, shifts, tuning
from lorvp.results.tables.alike import notices
from lorvp.tuning.importance import importance
from lorvp.tuning.replay import Outcome, replay
from tasks.searches.sought import final_points
from tasks.stages.tuning_pictures import best_of_n, importances, searched
from tests.support.records import record
from tests.support.searches import RATE, outcome, search


@pytest.fixture
def found(tmp_path):
    sought = search(tmp_path, 16)
    return replay(sought, sought.keys, 20, outcome)


def test_a_row_says_what_was_chosen_and_what_it_took(found):
    (row,) = tuning.rows([found]).to_dicts()
    assert (row["method"], row["mapping"], row["budget"], row["tried"]) == ("lor_vp", "lp", 16, 16)
    best = max((o for o in found.tried if o.whole and not o.why), key=lambda o: o.seen[-1][1])
    assert row["chosen"].startswith(f"lr={best.values['lr']:g} rank={best.values['rank']} ")
    assert row["validation %"] == f"{100 * best.seen[-1][1]:.1f}"
    epochs = sum(outcome(w).epochs for w in found.wanted if w.rung == 0)
    for rung, before in ((1, 3), (2, 7)):
        going = [outcome(w) for w in found.wanted if w.rung == rung]
        epochs += sum(o.epochs - before if o.accuracy is not None else 0 for o in going)
    assert row["epochs spent"] == epochs
    assert row["saved %"] == f"{100 - 100 * epochs / (16 * 20):.1f}"


def test_numbers_have_each_setting(found):
    table = tuning.section([found]).numbers
    assert table["setting"].to_list() == list(range(1, 17))
    assert table["chosen"].sum() == 1
    assert table["trained_epochs"].sum() == found.spent
    assert table.filter(pl.col("why_not") != "")["val_accuracy"].null_count() == sum(
        bool(one.why) for one in found.tried
    )


def test_without_a_search_there_is_a_sentence():
    section = tuning.section([])
    assert section.tables == []
    assert "tune:" in section.otherwise
    assert list(searched([])) == []


def test_pictures_are_drawn(found):
    drawn = {name: pictures.as_png(chart).getvalue() for name, chart, *_ in searched([found])}
    assert list(drawn) == ["tuning", "tuned_keys", "importance"]
    assert all(png.startswith(b"\x89PNG") for png in drawn.values())


def test_the_curve_ends_near_the_best_and_what_is_of_no_use_counts_as_nothing(found):
    table = best_of_n([found])
    accuracies = [0.0 if one.why else one.seen[-1][1] for one in found.tried]
    assert table["mean"][0] == pytest.approx(100 * sum(accuracies) / 16)
    assert 0.9 * 100 * max(accuracies) < table["mean"][-1] <= 100 * max(accuracies)


def test_the_rate_matters_where_only_the_rate_does(tmp_path):
    sought = search(tmp_path, 16, more=", stop_early: none")

    def look(wanted):
        return Outcome(1 / (1 + wanted.trial.training.lr), 1.0, 20)

    shares = importance(replay(sought, sought.keys, 20, look))
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["lr"] > 0.7
    assert shares == importance(replay(sought, sought.keys, 20, look)), "the same each time"


def test_nothing_is_said_of_importance_where_all_are_alike(tmp_path):
    sought = search(tmp_path, 8, RATE)
    flat = replay(sought, sought.keys, 20, lambda wanted: Outcome(0.5, 1.0, wanted.until))
    assert importance(flat) == {}
    assert importances([flat]).height == 0


def tuned(row, budget: int):
    point, facts = row
    return replace(point, method=f"{point.method} tuned={budget}", tuned=budget), facts


A, B = "lor_vp r=4", "full"
ROWS = [
    record(A, "lp", 0, 0.7), record(B, "lp", 0, 0.8),
    tuned(record(A, "lp", 0, 0.9), 8), tuned(record(B, "lp", 0, 0.95), 8),
    tuned(record(B, "lp", 0, 0.6), 16),
]  # fmt: skip
NAMES = [A, B, f"{A} tuned=8", f"{B} tuned=8", f"{B} tuned=16"]


def test_places_are_among_rows_of_one_budget():
    table = results(ROWS)
    assert table["tuned"].to_list() == [None, None, 8, 8, 16]
    assert comparison(table)["method"].to_list() == NAMES
    (column,) = places(table).columns
    assert places(table)[column].to_list() == [2, 1, 2, 1, None]


def test_that_budgets_are_mixed_is_said():
    [said] = notices(results(ROWS))
    assert "not all rows were tuned alike (as written, tuned=8, tuned=16)" in said
    assert notices(results(ROWS[2:4])) == []


def test_what_was_searched_is_known_by_the_names_of_the_tuned_row(found):
    points = final_points(found)
    (row,) = {(p.trial.dataset, p.trial.network, p.method, p.mapping) for p in points}
    assert tuning.searched_training([found]) == {row: {"lr", "optimizer"}}


def test_a_trial_that_is_in_two_rows_counts_once_in_each():
    plain = record(A, "lp", 0, 0.7)
    twice = results([plain, tuned(plain, 8)])
    shifted = pl.DataFrame({"trial": [plain[1]["fingerprint"]] * 2, "shift": ["far"] * 2,
                            "accuracy": [0.5, 0.5]})  # fmt: skip
    table = shifts(twice, shifted)
    assert table["method"].to_list() == [A, f"{A} tuned=8"]
    assert table["digits"].to_list() == ["70.0", "70.0"]
    assert table["far"].to_list() == ["50.0", "50.0"]
