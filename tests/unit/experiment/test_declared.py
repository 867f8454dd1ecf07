"""`differs:` of a block: its points have it, their names and trials do not."""

import pytest

from lorvp.experiment.params import ParamsError, read
from lorvp.experiment.trial import Point
from lorvp.trials.identity import fingerprint, identity
from tests.support.experiments import block, params

TUNED = "{budget: 2, lr: [0.1, 0.2]}"


def experiment(folder, *blocks):
    (folder / "params.yaml").write_text(params(*blocks))
    return read(folder / "params.yaml")


def names(points: tuple[Point, ...]) -> list[tuple[str, str]]:
    return [(point.name, fingerprint(identity(point.trial, "", ""))) for point in points]


@pytest.mark.parametrize(
    ("written", "expected"),
    [("one sentence", ("one sentence",)), ("[first, second]", ("first", "second"))],
)
def test_a_sentence_or_a_list_of_them(tmp_path, written, expected):
    found = experiment(
        tmp_path, block("a", seed="[0, 1]", differs=written), block("b", mapping="fm")
    )
    assert [point.differs for point in found.points] == [expected, expected, ()]


def test_a_list_is_no_sweep_and_changes_no_name(tmp_path):
    plain = experiment(tmp_path, block(seed="[0, 1]"))
    told = experiment(tmp_path, block(seed="[0, 1]", differs="[first, second, third]"))
    assert names(told.points) == names(plain.points)


def test_searches_have_it_too(tmp_path):
    (search,) = experiment(tmp_path, block(differs="a word", tune=TUNED)).searches
    assert search.point.differs == ("a word",)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("3", "grid.main.differs: "),
        ("[]", "grid.main.differs: "),
        ("['']", "grid.main.differs.0: "),
        ("{a: b}", "grid.main.differs: "),
        ("[first, 2]", "grid.main.differs.1: "),
    ],
)
def test_anything_else_is_refused_with_its_place(tmp_path, written, message):
    with pytest.raises(ParamsError) as error:
        experiment(tmp_path, block("main", differs=written))
    assert message in str(error.value)
