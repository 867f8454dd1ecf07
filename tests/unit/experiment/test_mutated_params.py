"""params.yaml and the presets with seeded mistakes: a right experiment, or messages that say where.

What validates is compared with what was written: no value may be passed over.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from ruamel.yaml import YAML

from lorvp.errors import InputError
from lorvp.experiment import grid, yaml_positions
from lorvp.experiment.params import Experiment, ParamsError
from tasks.settings import read
from tests.support.experiments import block, params
from tests.support.mutations import as_yaml, edited, mangled
from tests.support.watched import watched

ROOT = Path(__file__).parent.parent.parent.parent
SEEDS = [ROOT / "params.yaml", *sorted((ROOT / "data/presets").glob("*.yaml"))]
MUTATIONS = 500
GROUPS = 10
MESSAGE = re.compile(r"params\.yaml(:\d+:\d+)?: \S")


def parsed(content: bytes) -> Any:
    """By the reader's other parser."""
    return YAML(typ="safe").load(content.decode())


def meaning(experiment: Experiment) -> str:
    """Everything that an experiment is; the grid as its trials, for their names are in tables."""
    sections = experiment.params.model_dump(mode="json", exclude={"grid"})
    points = [(p.trial.model_dump(mode="json"), p.name, p.differs) for p in experiment.points]
    return json.dumps([sections, points], sort_keys=True)


def leaves(data: Any, at: tuple = ()) -> Iterator[tuple]:
    """Plain values with their keys. Blocks of the grid have names that mean nothing, lists are
    sweeps in which a value may be there twice, and a choice without settings may be empty."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from leaves(value, (*at, "*" if at == ("grid",) else key))
    elif isinstance(data, list):
        for value in data:
            yield from leaves(value, at)
    else:
        number = isinstance(data, int | float) and not isinstance(data, bool)
        plain = float(data) if number else None if data == {} else data
        yield (*at, repr(plain))


@pytest.fixture(scope="module")
def whole() -> dict[Path, tuple[bytes, Any, str]]:
    """Bytes, data and meaning of what is mutated."""
    contents = {path: path.read_bytes() for path in SEEDS}
    return {path: (c, parsed(c), meaning(read(path))) for path, c in contents.items()}


def mutation(number: int, whole: dict) -> tuple[Path, bytes]:
    random = Random(number)
    path = SEEDS[0] if number % 2 else random.choice(SEEDS)
    content, data, _ = whole[path]
    mutated = as_yaml(edited(data, random)) if number % 5 < 3 else mangled(content, random)
    return path, mutated


@pytest.mark.parametrize("group", range(GROUPS))
def test_a_mutated_file_is_right_or_told_what_is_wrong(tmp_path, monkeypatch, whole, group):
    monkeypatch.chdir(tmp_path)
    right, numbers = 0, range(group, MUTATIONS, GROUPS)
    for number in numbers:
        path, content = mutation(number, whole)
        Path("params.yaml").write_bytes(content)
        with watched() as seen:
            found, told = outcome()
        assert seen == [], number
        for line in told.encode().decode().splitlines():
            assert MESSAGE.match(line), (number, line)
            assert len(line) < 1500, (number, line)
        if found:
            right += 1
            require_nothing_passed_over(number, parsed(content), found, *whole[path][1:])
    assert 0 < right < len(numbers), "one outcome alone would show little"


def outcome() -> tuple[Experiment | None, str]:
    """The experiment, or what is said instead."""
    try:
        return read(), ""
    except InputError as error:
        return None, str(error)


def require_nothing_passed_over(
    number: int, data: Any, found: Experiment, original: Any, meant: str
) -> None:
    # An empty value stands for settings that are not there, which may be the same.
    new = {leaf for leaf in set(leaves(data)) - set(leaves(original)) if leaf[-1] != "None"}
    if data == original:
        assert meaning(found) == meant, number
    elif new:
        assert meaning(found) != meant, (number, new)


def test_the_mutations_are_many_kinds(whole):
    """Hardly any is that of another number."""
    contents = {mutation(number, whole)[1] for number in range(MUTATIONS)}
    assert len(contents) > 0.95 * MUTATIONS


BOMB = "\n".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9 if n else ['x'])}]" for n in range(30)
)
SWEEP = "[" + ", ".join(map(str, range(1, 101))) + "]"
AWKWARD = {
    "aliases of aliases": (BOMB, "stands for more than 100,000 values"),
    "in itself": ("a: &a [*a]", "or in itself"),
    "mapping in itself": ("grid: &a {b: *a}", "or in itself"),
    "a chain of aliases": (
        "\n".join(f"a{n}: &a{n} [{f'*a{n - 1}' if n else 'x'}]" for n in range(99)),
        "nested more than 50 deep",
    ),
    "an anchor twice": ("a: &x 1\nb: &x 2\n", "yaml:2:1: .*found duplicate anchor 'x'"),
    "deep": ("[" * 60 + "]" * 60, "nested more than 50 deep"),
    "deeper": ("- " * 5000, "nested too deeply"),
    "long": ("#" * 2**21, "is larger than 262,144 bytes"),
    "a date that is none": ("a: 2001-99-99", "1:4: .*month must be in 1..12"),
    "a number that is none": ("a:\n- !!int x", "2:3: .*'x' cannot be read"),
    "5000 digits": ("a: " + "9" * 5000, "1:4: .*is a number of more than 400 characters"),
    "10^6 bits": ("a: 0x" + "f" * 250_000, "1:4: .*is a number of more than 400 characters"),
    "an exponent": ("a: 1.0e+" + "9" * 9999, "1:4: .*is a number of more than 400 characters"),
    "5000 minutes": (f"%YAML 1.1\n---\na: {':'.join(['59'] * 5000)}", "3:4: .*more than 400"),
    "half a character": (r'a: "\ud800"', "1:4: .*is no text"),
    "beyond all characters": (r'a: "\U00110000"', "1:.*not valid YAML"),
    "a key of two": ("? {a: 1}\n: 1", "1:3: .*unhashable"),
    "a key over two lines": (
        'datasets: {"a\\nb": letters}',
        r"1:12: datasets\.a\\nb: .*no. a name",
    ),
}


@pytest.mark.parametrize(("text", "said"), AWKWARD.values(), ids=AWKWARD)
def test_what_would_fill_the_memory_or_break_the_parser_is_told_where(message, text, said):
    told = message(text)
    assert re.search(said, told), told
    assert all(line.startswith("params.yaml") and line.isprintable() for line in told.split("\n"))
    assert len(told) < 500


@pytest.fixture
def uncounted(monkeypatch):
    """Whoever makes these trials instead of counting them fails, before the memory is full."""
    monkeypatch.setattr(grid, "expand_block", lambda *_: pytest.fail("trials are made"))


@pytest.mark.usefixtures("uncounted")
def test_a_grid_of_more_trials_than_memory_holds_is_counted_not_made(message):
    sweeps = f"{{epochs: {SWEEP}, batch_size: {SWEEP}, lr: {SWEEP}}}"
    told = message(params(block(seed=SWEEP, training=sweeps)))
    assert "grid.a: stands for 100,000,000 trials; a grid may have 100,000" in told


@pytest.mark.usefixtures("uncounted")
def test_the_trials_of_all_blocks_are_counted(message):
    swept = block(seed=SWEEP, training=f"{{epochs: {SWEEP}, lr: [0.1, 1.0]}}")
    told = message(params("".join(swept.replace("  a:", f"  a{n}:") for n in range(6))))
    assert re.fullmatch(r"params\.yaml:\d+:1: grid: stands for 120,000 trials; a grid may .*", told)


def test_of_thousands_of_problems_the_first_are_told_and_the_others_counted(message):
    told = message(params() + "".join(f"more{n}: x\n" for n in range(2000))).split("\n")
    assert len(told) == 101
    assert "more0: there is no key 'more0' here" in told[0]
    assert told[-1] == "params.yaml: and 1,900 more"


def test_places_are_looked_up_once_for_all_problems(message, monkeypatch):
    """Thousands of wrong keys of one mapping were thousands of walks through all its keys."""
    walked = []
    keys = yaml_positions._keys
    monkeypatch.setattr(yaml_positions, "_keys", lambda node: walked.append(node) or keys(node))
    message(params() + "".join(f"more{n}: x\n" for n in range(300)))
    assert len(walked) == 1


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_told(tmp_path, make):
    make(tmp_path / "params.yaml")
    with pytest.raises(ParamsError, match="is no file"):
        read(tmp_path / "params.yaml")


@pytest.mark.parametrize("key", ["method name", "mapping name", "where", "kind"])
def test_a_block_has_no_hidden_keys(message, key):
    told = message(params(block() + f"    {key}: x\n"))
    assert f"there is no key '{key}' here" in told


@pytest.mark.parametrize(
    "change",
    [lambda c: c.replace(b"\n", b"\r\n"), lambda c: b"\xef\xbb\xbf" + c, lambda c: c + b"\n# x\n"],
    ids=["CRLF", "BOM", "comment"],
)
def test_how_a_file_is_stored_changes_nothing(tmp_path, whole, change):
    content, _, meant = whole[SEEDS[0]]
    (tmp_path / "params.yaml").write_bytes(change(content))
    assert meaning(read(tmp_path / "params.yaml")) == meant
