"""A bundle brings no code: whoever loads it has it, in the same version, and has allowed it."""

import sys

import pytest

import lorvp
from lorvp.deployment.card import card
from lorvp.deployment.load import read
from lorvp.errors import InputError
from lorvp.networks import checkpoint
from lorvp.networks.libraries.own_code import code_of
from tests.support.bundles import edit

BUILD = "their_nets:make"
CODE = """
from pathlib import Path
from torch import nn
Path(__file__).with_name("was run").touch()
def make() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 9))
"""


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A module that leaves a file when it is run, installed here."""
    home = tmp_path / "installed"
    home.mkdir()
    (home / "their_nets.py").write_text(CODE)
    monkeypatch.syspath_prepend(str(home))
    monkeypatch.setenv("LORVP_CODE", "their_nets")
    yield home
    sys.modules.pop("their_nets", None)


@pytest.fixture
def sent_with_code(bundle, code):
    """A bundle whose network that module builds, and which brings it as well."""
    hashes = code_of(BUILD)
    edit(bundle, library="python", architecture=BUILD, model_kwargs={}, own_code=hashes)
    for place in (bundle, bundle / "network"):
        (place / "their_nets.py").write_text(CODE)
    return bundle


def refused(bundle) -> str:
    with pytest.raises(InputError) as told:
        lorvp.load(bundle)
    assert "\n" not in str(told.value)
    assert not list(bundle.parent.rglob("was run"))
    return str(told.value)


def test_code_that_nobody_allowed_is_not_run(sent_with_code, monkeypatch):
    monkeypatch.delenv("LORVP_CODE")
    assert "set the environment variable LORVP_CODE=their_nets" in refused(sent_with_code)


def test_code_of_another_version_is_not_run(sent_with_code, code):
    (code / "their_nets.py").write_text(CODE.replace("4, 9", "4, 8"))
    assert "is not the code of their_nets that the network was made with" in refused(sent_with_code)


def test_code_in_the_bundle_is_not_run(sent_with_code, code, monkeypatch):
    (code / "their_nets.py").unlink()
    monkeypatch.chdir(sent_with_code.parent)
    assert "there is no Python module their_nets here; install their_nets" in refused(
        sent_with_code
    )


def test_code_that_is_here_and_allowed_is_run(sent_with_code, code):
    """Only then are the weights found to be those of another network."""
    with pytest.raises(InputError, match="does not fit their_nets:make"):
        lorvp.load(sent_with_code)
    assert (code / "was run").exists()


def test_the_card_names_the_package_and_how_it_is_allowed(sent_with_code):
    manifest = checkpoint.read_manifest(sent_with_code / "network")
    text = str(card(read(sent_with_code), manifest))
    assert "pip install 'lorvp'" in text
    assert "their" in text
    assert "export LORVP_CODE=their_nets\n" in text
    assert "lorvp.load(" in text
    evil = manifest.model_copy(update={"architecture": "x;rm -r ~:make"})
    with pytest.raises(InputError, match="has no name of a package"):
        card(read(sent_with_code), evil)


@pytest.mark.parametrize(
    ("library", "package"),
    [("timm", "lorvp"), ("open_clip", "lorvp[clip]"), ("transformers", "lorvp[transformers]")],
)
def test_the_card_names_the_extra(bundle, library, package):
    manifest = checkpoint.read_manifest(bundle / "network")
    text = str(card(read(bundle), manifest.model_copy(update={"library": library})))
    assert f"\npip install '{package}'\n" in text
    assert "LORVP_CODE" not in text
