"""SemanticMap with a CLIP that reads the names, for a network that reads no text."""

import copy

import open_clip
import pytest
import torch
from torch.nn import functional as F

from lorvp.errors import InputError
from lorvp.mappings.settings import CHECKPOINTS
from lorvp.mappings.text import SemanticConfig, in_rounds
from lorvp.networks import checkpoint
from lorvp.networks.frozen import FrozenNetwork
from lorvp.prompts.methods.pad import PadConfig
from lorvp.trials.identity import identity
from lorvp.trials.run import build
from tests.support.networks.samples import built, clip, facts
from tests.support.tiny import TARGET_NAMES, ends, tiny_network, trial

NAMES = ("Great_Dane", "T-shirt", "sea")


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    own = clip().facts()
    folder = tmp_path_factory.mktemp("checkpoints") / "clip"
    checkpoint.write(folder, built(own), own)
    return folder


@pytest.fixture
def blind() -> FrozenNetwork:
    network = tiny_network()
    network.text = None
    return network


def asked(reader, **settings):
    return trial(PadConfig(width=2), SemanticConfig(reader=str(reader), **settings))


@torch.no_grad()
@pytest.mark.parametrize("per_target", [1, 2])
def test_names_are_embedded_bare_by_the_reader(reader, blind, per_target):
    mapping = build(asked(reader, per_target=per_target), blind, NAMES).mapping
    whole = built(clip().facts())
    words = ["great dane", "t shirt", "sea", *blind.class_names]
    rows_ND = F.normalize(whole.encode_text(open_clip.tokenize(words)), dim=1)
    expected_KM = in_rounds(rows_ND[:3] @ rows_ND[3:].T, per_target)
    assert torch.equal(mapping.source_KM, expected_KM)


def test_without_a_reader_the_network_has_to_read(blind):
    with pytest.raises(InputError, match="has none; it takes a CLIP-like one; or name"):
        build(trial(PadConfig(width=2), SemanticConfig()), blind, NAMES)


def test_a_trained_one_needs_no_reader(reader, blind, tmp_path):
    """Its record has the reader's digest in place of its place."""
    made = build(asked(reader), blind, NAMES)
    settings = identity(asked(reader), "data", "weights")["settings"]["mapping"]
    assert settings["reader"] == checkpoint.digest(checkpoint.read_manifest(reader))
    known = SemanticConfig.model_validate(settings)
    again = build(trial(PadConfig(width=2), known), blind, NAMES, trained=True)
    again.load_trained_state(made.trained_state())
    assert torch.equal(again.mapping.source_KM, made.mapping.source_KM)


def test_what_the_reader_is_belongs_to_the_trial_and_where_it_lies_does_not(reader, tmp_path):
    other, moved = tmp_path / "other", tmp_path / "moved"
    own = clip().facts()
    checkpoint.write(moved, built(own), own)
    checkpoint.write(other, built(own, seed=1), own)
    same, changed = (identity(asked(place), "", "") for place in (moved, other))
    assert same == identity(asked(reader), "", "")
    assert changed != same


def test_a_bare_name_is_one_of_the_projects_checkpoints():
    assert SemanticConfig(reader="clip_b32").checkpoints == {"reader": CHECKPOINTS / "clip_b32"}
    assert SemanticConfig().checkpoints == {}


def test_what_cannot_read_is_refused_before_any_work(tmp_path, reader, blind):
    SemanticConfig(reader=str(reader)).require_files(TARGET_NAMES)
    with pytest.raises(InputError, match=r"nowhere is not a checkpoint"):
        SemanticConfig(reader=str(tmp_path / "nowhere")).require_files(TARGET_NAMES)
    with pytest.raises(InputError, match=r"reader: there is no checkpoint .*nowhere"):
        build(asked(tmp_path / "nowhere"), blind, TARGET_NAMES)
    own = facts("test_resnet")
    checkpoint.write(tmp_path / "resnet", copy.deepcopy(built(own)), own)
    with pytest.raises(InputError, match=r"reader: .*resnet reads no text; name .* of kind clip"):
        SemanticConfig(reader=str(tmp_path / "resnet")).require_files(TARGET_NAMES)


def test_too_few_source_classes_are_still_too_few(reader):
    with pytest.raises(InputError, match="'semantic' gives each of the 4 target classes"):
        SemanticConfig(reader=str(reader)).build(ends(sources=3, targets=4))
