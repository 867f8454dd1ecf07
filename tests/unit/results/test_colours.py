"""One look for each method, whatever other rows there are."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from lorvp.results.pictures.colours import COLOURS, family, looks, mixed

ROWS = ["none", "patch_free", "lor_vp r=1", "lor_vp r=4", "lor_vp_regions r=4 s=8", "pad p=6",
        "adavipro p=6 s=8"]  # fmt: skip


def look_of(names):
    return dict(zip(names, looks(names), strict=True))


def test_the_rows_of_the_default_experiment_differ_in_colour():
    assert len({look.colour for look in looks(ROWS)}) == len(ROWS)


def test_rows_of_one_family_differ():
    ranks = [f"lor_vp r={rank}" for rank in range(1, 17)]
    found = [(look.colour, tuple(look.dash)) for look in looks(ranks)]
    assert all(a != b for a, b in combinations(found, 2))


names = st.lists(
    st.sampled_from([f"{kind}{end}" for kind in ("none", "pad", "vp", "smm", "own") for end in
                     ("", " r=1", " r=4", " r=4 s=8")]), unique=True, min_size=1,
)  # fmt: skip


@given(names, names)
def test_a_row_that_is_added_changes_no_other(before, more):
    first = look_of(before)
    behind = look_of([*before, *(name for name in more if name not in first)])
    assert {name: behind[name] for name in first} == first
    others = [name for name in more if family(name) not in set(map(family, before))]
    ahead = look_of([*others, *before])
    assert {name: ahead[name] for name in first} == first


def test_mixed():
    assert mixed("#804000", 0.0) == "#804000"
    assert mixed("#804000", 1.0) == "#FFFFFF"
    assert mixed("#804000", -0.5) == "#402000"
    assert len(set(COLOURS)) == 6
