"""What a stranger calls things is text: on the terminal, and in the card of a bundle."""

import json
import shutil
import sys

import numpy as np
import pytest
from markdown_it import MarkdownIt
from PIL import Image
from typer.testing import CliRunner

import lorvp
from lorvp.cli import commands
from lorvp.deployment.card import card
from lorvp.networks.manifest import CheckpointManifest
from tests.support.bundles import record, settle
from tests.support.hostile_names import HIDDEN, SHOWN, Cells, is_seen

EVIL = [name for name in [*HIDDEN, *SHOWN] if name != "\udc80"]  # half a character is no JSON


@pytest.fixture
def called(given, tmp_path):
    """A bundle in which everything that is called anything is called ``name``."""

    def make(names: list[str]):
        bundle = shutil.copytree(given, tmp_path / "bundle", dirs_exist_ok=True)
        said = record(given)
        said["name"] = said["network"]["source"] = said["network"]["architecture"] = names[0]
        said["environment"] |= {"lorvp": names[0], "torch": names[0]}
        said["task"]["class_names"] = names
        settle(bundle, said)
        return bundle

    return make


@pytest.mark.parametrize("name", HIDDEN[:-2], ids=ascii)
def test_nothing_commands_the_terminal(name, called, tmp_path):
    bundle = called([name, f"{name}1", f"{name}2"])
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(tmp_path / "a.png")
    for arguments in (["show", bundle], ["show", bundle, "--json"],
                      ["predict", bundle, tmp_path / "a.png"],
                      ["predict", bundle, tmp_path / "a.png", "--json"]):  # fmt: skip
        done = CliRunner().invoke(commands.app, list(map(str, arguments)))
        assert done.exit_code == 0, done.output
        assert [line for line in done.output.split("\n") if not is_seen(line)] == []
        assert any(escaped[1:-1] in done.output for escaped in (ascii(name), json.dumps(name)))
    assert len(done.output.split("\n")) == 2
    assert json.loads(done.output)[0]["name"] in lorvp.load(bundle).class_names


@pytest.mark.parametrize("name", EVIL, ids=ascii)
def test_a_card_shows_every_name_as_text(name, called):
    bundle = called([name, "b", "c"])
    network = CheckpointManifest.model_validate_json((bundle / "network/manifest.json").read_text())
    body = card(record(bundle), network).text
    assert is_seen(body.replace("\n", ""))
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(body)
    cells = Cells(html)
    classes = next(row[1] for row in cells.rows if row[0] == "classes")
    if name in SHOWN:
        assert classes == f"{name}, b, c"
    assert [row[0] for row in cells.rows if row[0]] == [
        "classes", "method", "mapping", "test accuracy", "trained with",
    ]  # fmt: skip
    known = {"h1", "h2", "p", "table", "thead", "tbody", "tr", "th", "td", "pre", "code"}
    assert {tag for tag, _ in cells.tags} <= known


def test_messages_command_no_terminal_either(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lorvp", "show", "\x1b[31mred\u202e"])
    with pytest.raises(SystemExit):
        commands.main()
    assert is_seen(capsys.readouterr().err.replace("\n", ""))
