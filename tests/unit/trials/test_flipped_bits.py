"""Three hundred flipped bits, wherever a run reads what an earlier one has kept: the right answer,
or one line that says what is damaged."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from lorvp.datasets import prepared
from lorvp.datasets.manifest import SPLITS
from lorvp.datasets.pixels.view import View
from lorvp.errors import InputError
from lorvp.files.kept import find, keep
from lorvp.mappings.linear import FmConfig
from lorvp.networks import checkpoint
from lorvp.networks.libraries.timm_models import create
from lorvp.prompts.methods.none import NoneConfig
from lorvp.training.cached_outputs import Outputs
from lorvp.training.timing import Duration
from lorvp.trials.finish import Files, Finished, Order, finish_together, forget_network
from lorvp.trials.identity import fingerprint, identity
from lorvp.trials.resume import ResumeFile
from lorvp.trials.shared_outputs import shared_cache
from lorvp.trials.store import TrialStore
from lorvp.trials.verified import is_whole
from tests.support.networks.checkpoints import FACTS
from tests.support.tiny import dataset, trial

FLIPS = 300
OUTPUTS = Outputs(torch.arange(60.0).view(30, 2), Duration(1.25, 2.5), 0.75)
STATE = {"training": {"weights": torch.arange(50.0)}, "best": {"epoch": 3}}


@dataclass(frozen=True)
class Kept:
    """Something on disk, and how a run reads it: a plain value, or None where it is made again."""

    files: list[Path]
    read: Callable[[], Any]


def of_trial(root: Path) -> Kept:
    data = dataset(root / "data")
    torch.manual_seed(0)
    network = checkpoint.write(root / "net", create("test_resnet", 5).eval(), FACTS)
    facts, store = (
        identity(trial(epochs=1), data.digest, checkpoint.digest(network)),
        TrialStore(root / "st"),
    )
    places = Files(root / "data", root / "net", root / "outputs", root / "notes")
    forget_network()
    *_, ended = finish_together([Order(trial(epochs=1), facts, {})], places)
    done = ended[0]
    assert isinstance(done, Finished)
    store.put(fingerprint(facts), done.files)
    folder = store.folder(fingerprint(facts))
    return Kept(list(folder.iterdir()), lambda: contents(folder) if is_whole(folder) else None)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def of_resume(root: Path) -> Kept:
    file = ResumeFile(root / "state")
    file.save(STATE)
    return Kept([file.path], lambda: str(file.load() or "") or None)


def of_outputs(root: Path) -> Kept:
    cache = shared_cache(root / "outputs", trial(NoneConfig(), FmConfig()), "data", "net", "cpu")
    cache("logits train", lambda: OUTPUTS)

    def read() -> str | None:
        made = []
        found = cache("logits train", lambda: made.append(1) or OUTPUTS)
        return None if made else f"{found.outputs_N.tolist()} {found.took} {found.prompt_linf}"

    return Kept([p for p in (root / "outputs").glob("*/*") if p.is_file()], read)


def of_table(root: Path) -> Kept:
    """Statistics and tests on images from elsewhere are kept so."""
    table = pl.DataFrame({"label": [0, 1, 2] * 50, "predicted": [0, 1, 1] * 50})
    path = keep(root / "table", ".parquet", table.write_parquet)

    def read() -> bytes | None:
        found = find(root / "table", ".parquet")
        return found and pl.read_parquet(found).serialize()

    return Kept([path], read)


def of_dataset(root: Path) -> Kept:
    """What of its manifest can change a number is in the digest, and so in each trial's name."""
    folder = dataset(root / "data").folder

    def read() -> list | None:
        data = prepared.read(folder)
        data.require_whole()
        arrays = [data.split(name) for name in SPLITS]
        return [
            data.digest,
            data.class_names,
            data.view,
            *((a.images_NHWC.tolist(), a.labels_N.tolist()) for a in arrays),
        ]

    return Kept(list(folder.iterdir()), read)


def of_checkpoint(root: Path) -> Kept:
    """As ``of_dataset``."""
    torch.manual_seed(0)
    checkpoint.write(root / "net", create("test_resnet", 5).eval(), FACTS)

    def read() -> list:
        manifest = checkpoint.read_manifest(root / "net")
        network = checkpoint.load(root / "net")
        total = sum(float(t.double().sum()) for t in network.state_dict().values())
        return [checkpoint.digest(manifest), manifest.canvas, manifest.ends(["a", "b"]), total]

    return Kept(list((root / "net").iterdir()), read)


KINDS = {
    of_trial: 90, of_resume: 50, of_outputs: 50, of_table: 50, of_dataset: 40, of_checkpoint: 20,
}  # fmt: skip


def test_they_are_as_many_as_is_said():
    assert sum(KINDS.values()) == FLIPS


def outcome(kept: Kept) -> tuple[Any, str]:
    """The answer, or the message in its place."""
    try:
        return kept.read(), ""
    except InputError as error:
        return None, str(error)


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_gives_no_other_answer(kind, tmp_path):
    """Files take turns, since in the largest alone most bits would be."""
    rng, kept = random.Random(kind.__name__), kind(tmp_path)
    expected = kept.read()
    assert expected is not None
    noticed = 0
    for number in range(KINDS[kind]):
        path = sorted(kept.files)[number % len(kept.files)]
        content = path.read_bytes()
        at, bit = rng.randrange(len(content)), 1 << rng.randrange(8)
        path.write_bytes(content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :])
        found, told = outcome(kept)
        assert found or not told or (str(tmp_path) in told and "\n" not in told), told
        if found is not None and kind in (of_dataset, of_checkpoint) and found[0] != expected[0]:
            found = None  # another digest: no result of before is taken for one on this
        assert found in (None, expected), (path.name, at, bit)
        noticed += found is None
        path.write_bytes(content)
        assert kept.read() == expected, (path.name, at, bit)
    assert noticed > KINDS[kind] / 3


@pytest.mark.parametrize(
    "changed", [{"class_names": list("ABCDF")}, {"features": 7}, {"mean": [0.5, 0.5, 0.4]}]
)
def test_all_of_a_checkpoint_that_prompts_and_mappings_are_built_of_is_in_its_digest(
    tmp_path, changed
):
    torch.manual_seed(0)
    manifest = checkpoint.write(tmp_path / "net", create("test_resnet", 5).eval(), FACTS)
    assert checkpoint.digest(manifest.model_copy(update=changed)) != checkpoint.digest(manifest)


def test_how_images_of_any_size_become_like_stored_ones_is_in_a_datasets_digest(tmp_path):
    folder = dataset(tmp_path / "data").folder
    before, path = prepared.read(folder), folder / "manifest.json"
    assert before.view == View(size=16)
    manifest = json.loads(path.read_text()) | {
        "view": View(size=16, resize="crop").model_dump(mode="json")
    }
    path.write_text(json.dumps(manifest))
    assert prepared.read(folder).digest != before.digest
