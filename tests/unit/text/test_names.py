"""Names in params.yaml and names of files: which are refused, and that no two files share one."""

import json
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorvp.datasets.class_names import require_distinct
from lorvp.text.names import file_names, told_apart
from tasks.stages import tables
from tests.support.experiments import HEAD, block, params
from tests.support.hostile_names import HIDDEN, SHOWN, is_seen, read_markdown

ROWS = st.one_of(st.sampled_from([*SHOWN, *HIDDEN, "con", "NUL.txt", "..", ".", ""]), st.text())


@given(st.lists(ROWS, unique=True, max_size=8))
def test_no_two_files_share_a_name_on_any_file_system(texts):
    found = file_names({text: text for text in texts})
    assert list(found) == texts
    assert len({name.casefold() for name in found.values()}) == len(texts)
    for name in found.values():
        assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,120}", name)
        assert not name.endswith(".")
        assert name.partition(".")[0].lower() not in {"con", "prn", "aux", "nul", "com1", "lpt9"}


def test_names_that_need_no_hash_have_none():
    rows = ["lor_vp r=4", "digits · full · lr=0.1", "a/b"]
    found = file_names({row: row for row in rows})
    assert list(found.values()) == ["lor_vp_r4", "digits_full_lr0.1", "a_b"]


def test_names_that_would_be_the_same_keep_their_beginning():
    pairs = {("a-b", "c"): "a-b-c", ("a", "b-c"): "a-b-c", ("A", "x"): "A-x", ("a", "x"): "a-x"}
    found = file_names(pairs)
    assert len({name.lower() for name in found.values()}) == 4
    assert [name[:3].lower() for name in found.values()] == ["a-b", "a-b", "a-x", "a-x"]
    alone = file_names({("a", "b-c"): "a-b-c"})
    assert alone == {("a", "b-c"): "a-b-c"}


def test_each_row_has_a_file_of_metrics_of_its_own(tmp_path, monkeypatch):
    rows = ["lor_vp r=4", "lor_vp_r4", "LOR_VP r=4", "\N{GRINNING FACE}", "con", "a b", "a_b"]
    monkeypatch.setattr(tables.tables, "metrics", lambda _: {row: {"row": row} for row in rows})
    tables.write_results(tmp_path, pl.DataFrame({"a": [1]}))
    files = list((tmp_path / "metrics").iterdir())
    assert sorted(json.loads(file.read_text())["row"] for file in files) == sorted(rows)
    assert len({file.stem.casefold() for file in files}) == len(rows)


NO_NAMES = [
    "v1.0",
    "a b",
    "-a",
    "a/b",
    "x" * 101,
    "nul",
    "Com1",
    "é",
    "a|b",
    "<b>",
    "=1",
    "a\u200db",
]


@pytest.mark.parametrize("name", NO_NAMES, ids=ascii)
def test_one_rule_for_all_names_in_params(message, name):
    quoted = '"' + name + '"'
    word = "device" if name.lower() in ("nul", "com1") else "is not a name"
    texts = {
        "datasets.": params().replace("  letters: letters\n", f"  {quoted}: letters\n"),
        "checkpoints.": params().replace("  net:\n", f"  {quoted}:\n"),
        "grid.": params(block(quoted)),
        "grid.a.method.": params(block(method=f"{{{quoted}: {{kind: none}}}}")),
        "grid.a.mapping.": params(block(mapping=f"{{{quoted}: {{kind: lp}}}}")),
    }
    for place, text in texts.items():
        told = [line for line in message(text).splitlines() if word in line]
        assert len(told) == 1, text
        assert f": {place}{name}: " in told[0]


def test_folders_that_differ_in_capital_letters_are_refused(message):
    told = message(HEAD.replace("letters: letters\n", "letters: letters\n  Letters: letters\n", 1)
                   + block())  # fmt: skip
    assert told.startswith("params.yaml:3:3: datasets.Letters: is 'letters' to file systems")


@pytest.mark.parametrize("sign", [r"\n", r"\e[2J", r"\u202E"])
def test_text_that_cannot_be_shown_is_refused_and_not_shown(message, sign):
    told = message(params(block(mapping=f'{{text: {{template: ["a {{}}", "b{sign} {{}}"]}}}}')))
    assert "grid.a.mapping.text.template.1: the character U+" in told
    assert is_seen(told)
    key = message(params(block(method=f'{{"x{sign}": {{kind: none}}}}')))
    assert all(is_seen(line) for line in key.splitlines())


def test_an_alias_of_itself_ends(message):
    assert "params.yaml:" in message(params() + 'tracking: &a {project: "\\e", x: *a}\n')


@given(st.text(st.sampled_from("`~a \n#<"), max_size=20))
def test_nothing_ends_a_block_of_code(text):
    from lorvp.results.tables import fenced

    read = read_markdown(f"**Error**\n\n{fenced(text)}\n<hr>")
    assert [tag for tag, _ in read.tags] == ["p", "strong", "pre", "code", "hr"]


def test_names_that_are_shared_get_their_numbers():
    assert told_apart(["crane", "bird", "crane"]) == ["crane (0)", "bird", "crane (2)"]
    assert told_apart(["a", "b"]) == ["a", "b"]
    assert told_apart(["x", "x", "x (0)"])[1] == "x (1)"


@given(st.lists(st.sampled_from(["x", "x ", "x (0)", "x (1)", "x (1) (1)", "y", "X"]), max_size=8))
def test_no_two_names_read_alike_any_more(names):
    found = told_apart(names)
    require_distinct(found)
    assert all(after.startswith(name) for after, name in zip(found, names, strict=True))
