"""Paired tests against binomials, brute force and tables worked out by hand."""

from itertools import product

import numpy as np
import polars as pl
import pytest
from scipy.stats import binomtest

from lorvp.errors import InputError
from lorvp.results.tables.paired import compared, holm, paired_tests, sign_flip
from lorvp.results.tables.trial_statistics import SCHEMA, statistics


@pytest.mark.parametrize(("wins", "losses", "ties"), [(9, 2, 30), (1, 0, 0), (4, 4, 1), (0, 0, 5)])
def test_with_one_seed_it_is_mcnemars_exact_test(wins, losses, ties):
    gain_N = np.array([1] * wins + [-1] * losses + [0] * ties)
    discordant = wins + losses
    expected = binomtest(wins, discordant).pvalue if discordant else 1.0
    assert sign_flip(gain_N) == pytest.approx(expected)
    assert sign_flip(-gain_N) == pytest.approx(expected)


@pytest.mark.parametrize("gains", [[3, 2, 1, 1], [3, -2, 1, 1, 2], [2, 2, -3, 0, 1, 1], [0, 0]])
def test_with_several_seeds_it_counts_all_signs(gains):
    observed = abs(sum(gains))
    sums = [
        abs(sum(s * g for s, g in zip(signs, gains, strict=True)))
        for signs in product((1, -1), repeat=len(gains))
    ]
    expected = sum(total >= observed for total in sums) / len(sums)
    assert sign_flip(np.array(gains)) == pytest.approx(expected)


def test_many_images_take_no_time_and_stay_a_probability():
    rng = np.random.default_rng(0)
    even_N = rng.integers(-3, 4, 50_000)
    assert 0 < sign_flip(even_N) <= 1
    assert 0 <= sign_flip(np.abs(even_N)) < 1e-9


def test_holm():
    # Sorted 0.01, 0.02, 0.03 times 3, 2, 1 is 0.03, 0.04, 0.03; the last may not fall below.
    assert holm(np.array([0.03, 0.01, 0.02])) == pytest.approx([0.04, 0.03, 0.04])
    assert holm(np.array([0.6, 0.9])) == pytest.approx([1, 1])
    assert holm(np.array([0.2])) == pytest.approx([0.2])


def test_difference_interval_and_seeds_ahead():
    gains_SN = np.array([[1, 0, 0, 1], [0, 0, -1, 0]])
    difference, low, high, ahead, behind, seeds, images, p = compared(gains_SN)
    # Means over seeds of the images: 0.5, 0, -0.5, 0.5; mean 0.125, sample variance 0.2292.
    assert difference == pytest.approx(12.5)
    half = 1.959964 * 100 * (0.6875 / 3 / 4) ** 0.5
    assert (low, high) == pytest.approx((12.5 - half, 12.5 + half))
    assert (ahead, behind, seeds, images) == (1, 1, 2, 4)
    assert p == 1  # of sizes 1, 1, 1 every sum is at least 1


def trials(*rows) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tidy rows and statistics of (method, mapping, seed, right answers)."""
    tidy, found = [], []
    for method, mapping, seed, right in rows:
        trial = f"{method} {mapping} {seed}"
        tidy.append({"trial": trial, "dataset": "d", "network": "n", "mapping": mapping,
                     "method": method, "seed": seed})  # fmt: skip
        predicted = [0 if answer else 1 for answer in right]
        predictions = pl.DataFrame({"label": [0] * len(right), "predicted": predicted,
                                    "confidence": 0.5, "loss": 1.0})  # fmt: skip
        found.append(statistics(trial, predictions, 2))
    return pl.DataFrame(tidy), pl.DataFrame(found, schema=SCHEMA)


def test_methods_meet_on_the_same_mapping_and_seeds():
    found = paired_tests(
        *trials(
            ("a", "ilm", 0, [1] * 12),
            ("a", "ilm", 1, [1] * 12),
            ("b", "ilm", 0, [0] * 12),
            ("b", "lp", 0, [1] * 12),  # nobody to meet
            ("c", "ilm", 7, [1] * 12),  # no seed in common
        )
    )
    (row,) = found.to_dicts()
    assert (row["mapping"], row["a"], row["b"], row["seeds"]) == ("ilm", "a", "b", 1)
    assert row["difference"] == 100
    assert row["p"] == pytest.approx(2 / 2**12)
    assert row["better"] == "a"


def test_better_asks_for_every_seed():
    """b wins clearly over all, but not in seed 1."""
    rows = [("a", "ilm", 0, [0] * 30), ("b", "ilm", 0, [1] * 30),
            ("a", "ilm", 1, [1] + [0] * 29), ("b", "ilm", 1, [0] * 30)]  # fmt: skip
    (row,) = paired_tests(*trials(*rows)).to_dicts()
    assert row["p_holm"] < 0.001
    assert (row["ahead"], row["behind"], row["better"]) == (1, 1, None)
    (clear,) = paired_tests(*trials(*rows[:2])).to_dicts()
    assert clear["better"] == "b"


def test_equal_methods_are_equal():
    (row,) = paired_tests(*trials(("a", "m", 0, [1, 0]), ("b", "m", 0, [1, 0]))).to_dicts()
    assert (row["p"], row["p_holm"], row["difference"], row["better"]) == (1, 1, 0, None)


def test_other_test_images_are_an_error():
    with pytest.raises(InputError, match="trials of d were tested on different test images"):
        paired_tests(*trials(("a", "m", 0, [1, 0]), ("b", "m", 0, [1, 0, 1])))


def test_one_method_alone_has_no_test():
    found = paired_tests(*trials(("a", "m", 0, [1, 0])))
    assert found.height == 0
    assert "better" in found.columns
