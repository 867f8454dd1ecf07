"""Remarks on tables of made-up trials."""

from lorvp.results.page.remarks import Facts, remarks
from lorvp.results.tables import results
from tests.support.records import TWO_BY_TWO, record


def test_remarks():
    rows = [*TWO_BY_TWO, record("full", "fm", 0, float("nan"))]
    twins = ["a and b name the same trials."]
    assert remarks(Facts(results(rows), {"digits": 0, "photos": 3}, known=twins)) == [
        "All 9 trials of the grid have a result; a table is made of no fewer.",
        "Fewer than 3 seeds: lor_vp r=4 ilm; lor_vp r=4 lp; full ilm; full fm.",
        *twins,
        "Not in the grid for digits, net: lor_vp r=4 fm.",
        "The accuracy is no number: full fm.",
        "The accuracy at the best test epoch, which many papers print, was not asked for "
        "(training.test_every_epoch).",
        "photos: 3 files could not be read and were left out.",
    ]


def test_prompts_that_never_reached_the_network_are_remarked_on():
    rows = [
        record("full", "ilm", seed, 0.5, prompt_linf=linf)
        for seed, linf in enumerate([0.0, 1e-30, 0.0, None])
    ]
    rows += [record("full", "lp", seed, 0.5, prompt_linf=0.0, training="lr=1") for seed in (3, 4)]
    rows += [record("lor_vp r=4", "lp", seed, 0.5, prompt_linf=0.0) for seed in range(4)]
    for _, facts in rows[-4:]:  # as a method without a prompt: only the mapping trains
        facts["summary"]["trained_values"] = facts["summary"]["mapping_values"]
    said = "the prompt changed no pixel of any test image; the result is that of the network "
    found = [line for line in remarks(Facts(results(rows), {})) if said in line]
    assert [line.partition(":")[0] for line in found] == [
        "full with ilm on digits, net, seeds 0, 2",
        "full lr=1 with lp on digits, net, seeds 3, 4",
    ]


def test_methods_inside_the_network_alone_have_no_norm_and_no_remark():
    rows = [record("full", "ilm", 0, 0.5, prompt_linf=None)]
    assert not [line for line in remarks(Facts(results(rows), {})) if "no pixel" in line]
