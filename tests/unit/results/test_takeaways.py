"""Each sentence against the paired tests, which are computed here by trying all signs."""

import re
from itertools import combinations, product

import numpy as np
import polars as pl
import pytest

from lorvp.results.tables.paired import paired_tests
from lorvp.results.tables.takeaways import NOT_TUNED, Takeaway, takeaways
from lorvp.results.tables.trial_statistics import SCHEMA, statistics

VALUES = {"none": 0, "small": 100, "big": 3000, "wide": 2000}
HEAD = 7
"""Values that the mapping trains."""
Answers = dict[tuple[str, int], list[int]]
"""Of each method and seed, 1 for each image that is answered correctly."""


def said(answers: Answers, tuned: int | None = None, swept: str = "") -> list[Takeaway]:
    """The takeaways of these answers, from the tests as the tables make them."""
    tidy, found, cells = [], [], {}
    for (method, seed), right in answers.items():
        trial = f"{method} {seed}"
        chosen = {"seed": seed, "tuned": tuned, "setting": swept}
        values = {"trained_values": VALUES[method] + HEAD, "mapping_values": HEAD}
        names = {"dataset": "d", "network": "n", "mapping": "ilm", "method": method}
        tidy.append({"trial": trial, **names, **chosen, **values})
        predictions = pl.DataFrame({"label": 0, "predicted": [1 - one for one in right],
                                    "confidence": 0.5, "loss": 1.0})  # fmt: skip
        found.append(statistics(trial, predictions, 2))
        cells[method] = {**names, "test": mean(answers, method), **values}
    main = pl.DataFrame(tidy, schema_overrides={"tuned": pl.Int64})
    tests = paired_tests(main, pl.DataFrame(found, schema=SCHEMA))
    return takeaways(main, pl.DataFrame(list(cells.values())), tests)


def mean(answers: Answers, method: str) -> float:
    return 100 * float(np.mean([right for (name, _), right in answers.items() if name == method]))


def gains(answers: Answers, a: str, b: str) -> np.ndarray:
    seeds = sorted({seed for _, seed in answers})
    return np.array([np.subtract(answers[a, seed], answers[b, seed]) for seed in seeds])


def p_of(gains_SN: np.ndarray) -> float:
    """The share of all signs of the images' sums that give one as far from 0."""
    of_image = gains_SN.sum(0)
    own = of_image[of_image != 0]
    totals = [abs(np.dot(signs, own)) for signs in product((1, -1), repeat=len(own))]
    return float(np.mean([total >= abs(own.sum()) for total in totals]))


def better(answers: Answers) -> set[tuple[str, str]]:
    """All pairs (A, B) in which A is better: p after Holm below 0.05, and ahead in every seed."""
    pairs = list(combinations(dict.fromkeys(name for name, _ in answers), 2))
    chances = {pair: p_of(gains(answers, *pair)) for pair in pairs}
    corrected, largest = {}, 0.0
    for rank, pair in enumerate(sorted(pairs, key=chances.__getitem__)):
        largest = max(largest, min(1.0, (len(pairs) - rank) * chances[pair]))
        corrected[pair] = largest
    found = set()
    for a, b in pairs:
        of_seed = gains(answers, a, b).sum(1)
        if corrected[a, b] < 0.05 and (of_seed > 0).all():
            found.add((a, b))
        if corrected[a, b] < 0.05 and (of_seed < 0).all():
            found.add((b, a))
    return found


def random_answers(number: int) -> Answers:
    """Four methods of different strength on 12 images with two seeds."""
    rng = np.random.default_rng(number)
    strength = dict(zip(VALUES, rng.choice([0.05, 0.2, 0.5, 0.95, 1.0], 4), strict=True))
    return {
        (name, seed): (rng.random(12) < strength[name]).astype(int).tolist()
        for name in VALUES
        for seed in (0, 1)
    }


BEST = re.compile(r"ilm: (\w+) is best, ([\d.]+) %: ([\d.]+) points above the next, (\w+) ")
AHEAD = re.compile(r"ilm: (\w+) has the best mean, ([\d.]+) %, and is better than (none|\d) of ")
SEEN = set()


@pytest.mark.parametrize("number", range(40))
def test_no_sentence_says_more_than_the_tests(number):
    answers = random_answers(number)
    first, last = said(answers)
    wins = better(answers)
    means = {name: mean(answers, name) for name in VALUES}
    found = BEST.match(first.text) or AHEAD.match(first.text)
    assert found, first.text
    best = found[1]
    assert means[best] == max(means.values())
    assert float(found[2]) == pytest.approx(means[best], abs=0.0501)
    beaten = {name for name in VALUES if (best, name) in wins}
    if found.re is BEST:
        SEEN.add("best")
        assert beaten == set(VALUES) - {best}
        assert "better than all 3 others beyond chance" in first.text
        assert means[found[4]] == sorted(means.values())[-2]
        points = 100 * gains(answers, best, found[4]).mean()
        assert float(found[3]) == pytest.approx(points, abs=0.0501)
    else:
        assert len(beaten) == (0 if found[3] == "none" else int(found[3])) < 3
        told = re.search(
            r"not told from it: ([^:]*?)\. It trains|not told from it: (.*?)\. ", first.text
        )
        close = set(re.findall(r"(\w+) \([\d.]+\)", told[0])) if told else set()
        SEEN.add("ahead" if close else "none")
        assert close == (set(VALUES) - {best} - beaten if beaten else set())
    gained = re.search(r"It gains ([\d.]+) points over no prompt", first.text)
    assert bool(gained) == ("none" in beaten)
    if gained:
        assert float(gained[1]) == pytest.approx(
            100 * gains(answers, best, "none").mean(), abs=0.0501
        )
    assert f"It trains {VALUES[best] + HEAD:,} values" in first.text
    cheap = re.search(r"of those not told from it (\w+) trains the fewest, ([\d,]+)", first.text)
    level = set(VALUES) - beaten
    fewest = min(VALUES[name] for name in level)
    assert bool(cheap) == (fewest < VALUES[best])
    if cheap:
        assert int(cheap[2].replace(",", "")) == fewest + HEAD
        assert cheap[1] in level
    assert set(first.support) <= set(combinations(VALUES, 2))
    assert {one for pair in first.support for one in pair} == set(VALUES)
    assert last.text == NOT_TUNED


def test_all_kinds_of_sentences_were_seen():
    for number in range(40):
        test_no_sentence_says_more_than_the_tests(number)
    assert {"best", "ahead", "none"} == SEEN


def test_methods_that_share_no_seed_are_said_to_be_untested():
    answers = {("big", 0): [1] * 12, ("none", 0): [0] * 12, ("small", 7): [1] + [0] * 11}
    first, _ = said(answers)
    assert "better than it beyond chance" in first.text
    assert "No test is between it and 1 more, which share no seed with it." in first.text


def test_without_a_test_nothing_is_said():
    assert said({("big", 0): [1] * 12, ("none", 1): [0] * 12}) == []
    assert said({("big", 0): [1] * 12}) == []


def test_tuned_rows_are_not_said_to_be_untuned():
    answers = {("big", 0): [1] * 12, ("none", 0): [0] * 12}
    assert [one.text for one in said(answers)][-1] == NOT_TUNED
    assert len(said(answers, tuned=16)) == 1
    assert len(said(answers, swept="lr=0.1")) == 1
