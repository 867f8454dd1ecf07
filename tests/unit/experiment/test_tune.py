"""`tune:` of a block: what it asks for, and what its messages say."""

import pytest

from lorvp.experiment.params import ParamsError
from tests.support.searches import RATE, searches

COMPOSE = "{c: {kind: compose, content: {kind: low_rank, rank: 4}, placement: everywhere}}"


def told(tmp_path, tune: str, **lines) -> str:
    with pytest.raises(ParamsError) as error:
        searches(tmp_path, tune, **lines)
    return str(error.value).removeprefix(f"{tmp_path / 'params.yaml'}:")


def test_trials_that_differ_only_in_the_seed_are_one_search(tmp_path):
    lines = {"method": "[none, lor_vp]", "mapping": "[ilm, lp]", "seed": "[3, 5]"}
    found = searches(tmp_path, f"{{budget: 16, {RATE}}}", **lines)
    assert found.points == ()
    assert [(s.name, s.seeds) for s in found.searches] == [
        (f"{method} tuned=16 · {mapping} · digits", (3, 5))
        for method, mapping in [("none", "ilm"), ("none", "lp"), ("lor_vp r=4", "ilm"),
                                ("lor_vp r=4", "lp")]
    ]  # fmt: skip


def test_a_searched_rank_is_no_part_of_the_name_and_is_found_wherever_it_is(tmp_path):
    method = COMPOSE.replace("{c:", "{lor_vp: , none: , c:")
    found = searches(tmp_path, "{budget: 4, rank: [1, 2]}", method=method)
    keys = {s.point.method: [key.path for key in s.keys] for s in found.searches}
    assert keys == {
        "lor_vp": [("method", "rank")], "none": [], "c": [("method", "content", "rank")]
    }  # fmt: skip
    assert found.shared == ("tune: rank is no setting of none · lp, which are tuned without it.",)


def test_a_range_has_whole_numbers_where_the_setting_is_one(tmp_path):
    tune = "{budget: 4, lr: {low: 1, high: 9}, batch_size: {low: 8, high: 64, log: true}}"
    (search,) = searches(tmp_path, tune).searches
    assert [(key.name, key.whole) for key in search.keys] == [("lr", False), ("batch_size", True)]


def test_a_setting_is_put_in_its_place(tmp_path):
    tune = "{budget: 4, rank: [1, 2], lr: {low: 1, high: 9}, optimizer: [sgd, {kind: adam}]}"
    (search,) = searches(tmp_path, tune, method=COMPOSE).searches
    values = dict(zip(search.keys, (2, 5.0, {"kind": "adam"}), strict=True))
    made = search.trial(values, seed=7)
    assert (made.method.content.rank, made.training.lr, made.seed) == (2, 5.0, 7)
    assert made.training.optimizer.kind == "adam"


@pytest.mark.parametrize(
    ("tune", "lines", "message"),
    [
        ("{budget: 0}", {}, "16:12: grid.a.tune.budget: should be greater than or equal to 1"),
        (f"{{{RATE}}}", {}, "16:5: grid.a.tune: the key 'budget' is missing"),
        ("{budget: 9, lr: 3}", {}, "16:23: grid.a.tune.lr: should be a range `{low: …, high: …}`"),
        ("{budget: 9, lr: []}", {}, "16:23: grid.a.tune.lr: needs at least 1 (got [])"),
        ("{budget: 9, lr: {low: 1}}", {}, "16:23: grid.a.tune.lr: the key 'high' is missing"),
        ("{budget: 9, lr: {low: 1, hig: 2, high: 3}}", {}, "16:36: grid.a.tune.lr.hig: there is no "
         "key 'hig' here; did you mean 'high'? Allowed: low, high, log"),
        ("{budget: 9, lr: {low: 2, high: 1}}", {}, "16:23: grid.a.tune.lr: low should be below"),
        ("{budget: 9, lr: {low: -1, high: 1, log: true}}", {}, "16:23: grid.a.tune.lr: a range w"),
        ("{budget: 9, lr: {low: -1, high: 1}}", {}, "16:28: grid.a.tune.lr.low: should be greater"),
        ("{budget: 9, rank: [1, 0]}", {}, "16:33: grid.a.tune.rank.1: should be greater than or"),
        ("{budget: 9, rnak: [1]}", {}, "16:23: grid.a.tune.rnak: no training, method or mapping"),
        ("{budget: 9, rank: [1]}", {"method": "none"}, "16:23: grid.a.tune.rank: no training, me"),
        ("{budget: 9, epochs: [1]}", {}, "16:23: grid.a.tune.epochs: is not searched"),
        ("{budget: 9, lr: [1]}", {"training": "{lr: [1, 2]}"}, "17:16: grid.a.training.lr: lr has"),
        ("{budget: 9, rank: [1]}", {"method": "{lor_vp: {rank: [1, 2]}}"}, "14:"),
        ("{budget: 9, momentum: [0.5], optimizer: [sgd]}", {}, "16:23: grid.a.tune.momentum: is p"),
        ("{budget: 1000, seeds: [0, 1], lr: [1]}", {"seed": "[" + ", ".join(map(str, range(9)))
         + "]", "method": "{" + ", ".join(f"m{n}: {{kind: lor_vp}}" for n in range(60)) + "}"},
         "16:12: grid.a.tune.budget: stands for 120,000 settings"),
        ("{budget: 9, lr: [1], seeds: []}", {}, "16:32: grid.a.tune.seeds: needs at least 1"),
        ("{budget: 9, lr: [1], stop_early: late}", {}, "16:32: grid.a.tune.stop_early: should be"),
        ("5", {}, "16:5: grid.a.tune: should be a mapping of keys to values"),
        ("[1]", {}, "16:5: grid.a.tune: should be a mapping of keys to values"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(tmp_path, tune, lines, message):
    found = told(tmp_path, tune, **lines)
    assert found.startswith(message), found
    assert len(found.splitlines()) == 1, found


def test_two_blocks_may_not_search_the_same_row_twice(tmp_path):
    from lorvp.experiment import params
    from tests.support.experiments import block
    from tests.support.experiments import params as text_of

    tune = f"{{budget: 4, {RATE}}}"
    path = tmp_path / "params.yaml"
    path.write_text(text_of(block("a", tune=tune), block("b", tune=tune)))
    with pytest.raises(ParamsError, match="share the name 'none tuned=4 · lp · digits'"):
        params.read(path)
