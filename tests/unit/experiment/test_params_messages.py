"""Every mistake in params.yaml is told once, where it is, in words of the file."""

from pathlib import Path

import pytest

from lorvp.errors import InputError
from lorvp.experiment.params import ParamsError
from lorvp.text.quoted import shown
from tasks.settings import read
from tests.support.broken_params import ALL, Broken
from tests.support.experiments import block, params

CASES = [
    pytest.param(*case.values, id=f"{group}: {case.id}")
    for group, cases in ALL.items()
    for case in cases
]
JARGON = ("Dictionary", "Tuple", "after validation", "instance of", "discriminator", "pattern")


@pytest.mark.parametrize("broken", CASES)
def test_message(message, broken: Broken):
    told = message(broken.text)
    lines = told.splitlines()
    assert len(lines) == len(broken.starts), told
    for line, start in zip(lines, broken.starts, strict=True):
        assert line.startswith(f"params.yaml:{start}: "), told
    for word in broken.words:
        assert word in told
    assert not [word for word in JARGON if word in told], told


def test_there_are_many_cases_and_none_twice():
    texts = [case.values[0].text for cases in ALL.values() for case in cases]
    assert len(texts) == len(set(texts)) > 60


def test_several_mistakes_are_told_at_once(message):
    told = message(params(block("a", seed="-1"), block("b", method="lorvp", sead="3")))
    starts = ["16:5: grid.a.seed", "20:5: grid.b.method", "22:5: grid.b.sead"]
    found = [": ".join(line.split(": ")[:2]) for line in told.splitlines()]
    assert sorted(found) == [f"params.yaml:{start}" for start in starts]


def test_a_mistake_in_a_swept_block_is_told_once(message):
    told = message(params(block(method="[none, full]", seed="[0, 1, 2]", training="{lr: -1}")))
    assert len(told.splitlines()) == 1


def test_a_key_that_is_twice_there_is_named_without_all_that_is_below_it(message):
    assert len(message(params() + "grid: {}\n")) < 150


def test_a_mistake_in_a_merged_mapping_is_told(message):
    second = block("b", training="{<<: *t, lr: -0.5}")
    told = message(params(block("a", training="&t {epochs: 2}"), second))
    assert told.startswith("params.yaml:22:24: grid.b.training.lr: ")


def test_a_list_of_wrong_values_is_not_called_too_short(message):
    schedule = "{schedule: {kind: multistep, milestones: [[100, 145]]}}"
    assert "at least 1" not in message(params(block(training=schedule)))


def test_a_missing_file_says_where_to_run(tmp_path):
    with pytest.raises(ParamsError, match=r"nowhere.yaml does not exist; run this in"):
        read(tmp_path / "nowhere.yaml")


def test_the_path_in_front_is_the_one_that_was_given(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text("- 1\n")
    with pytest.raises(ParamsError, match=f"^{path}:1:1: the file: "):
        read(path)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"x: \x80\n"], ids=str)
def test_a_file_that_is_not_utf8_is_named(tmp_path, data):
    path = tmp_path / "params.yaml"
    path.write_bytes(data)
    with pytest.raises(ParamsError, match=r"params.yaml.*UTF-8"):
        read(path)


def test_the_error_is_one_that_a_user_can_mend():
    assert issubclass(ParamsError, InputError)


def test_the_projects_own_params_are_right():
    experiment = read(Path(__file__).parent.parent.parent.parent / "params.yaml")
    assert experiment.points


def test_a_number_that_python_does_not_print_can_be_shown():
    assert shown([10**5000]) == "a list that is too long to be shown"
