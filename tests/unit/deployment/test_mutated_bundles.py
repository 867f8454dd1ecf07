"""Bundles with seeded damage: the same answers, or one message that names the place."""

import hashlib
import json
import shutil
from contextlib import suppress
from math import isfinite
from pathlib import Path
from random import Random

import numpy as np
import pytest

import lorvp
from lorvp.errors import InputError
from lorvp.files.whole import canonical
from tests.support.bundles import settle
from tests.support.mutations import VALUES, at, edited, mangled, places
from tests.support.watched import watched

MUTATIONS = 200
GROUPS = 10
FILES = ["trial.json", "weights.safetensors", "history.json", "predictions.parquet",
         "network/manifest.json", "network/weights.safetensors"]  # fmt: skip
IMAGE_HWC = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)


@pytest.fixture(scope="module")
def given(sent):
    """A bundle, and what it says of an image."""
    folder = sent("resnet")
    return folder, lorvp.load(folder).predict([IMAGE_HWC])


def json_of(path: Path) -> dict:
    return json.loads(path.read_text())


def put(path: Path, data: object) -> None:
    path.write_text(json.dumps(data))


def damage(bundle: Path, random: Random) -> None:
    path = bundle / random.choice(FILES)
    match random.randrange(8):
        case 0:
            path.write_bytes(mangled(path.read_bytes() or b"x", random))
        case 1:
            path.unlink()
        case 2:
            path.write_bytes((bundle / random.choice(FILES)).read_bytes())
        case 3:
            path.unlink()
            path.symlink_to(random.choice(["/etc/passwd", "/dev/null", path.name, bundle]))
        case 4:
            (bundle / random.choice(["network/more", "more", ".hidden"])).write_text("x")
        case 5 | 6:
            manifest = bundle / "network/manifest.json"
            put(manifest, edited(json_of(manifest), random))
        case _:
            record = json_of(bundle / "trial.json")
            part = random.choice(["task", "network", "summary", "environment", "identity"])
            record[part] = edited(record[part], random)
            settle(bundle, record)


@pytest.mark.parametrize("group", range(GROUPS))
def test_a_damaged_bundle_answers_as_before_or_is_named(tmp_path, given, group):
    whole, answers = given
    for number in range(group, MUTATIONS, GROUPS):
        random, bundle = Random(number), tmp_path / str(number)
        shutil.copytree(whole, bundle)
        damage(bundle, random)
        found = answered_or_told(bundle, number)
        assert found in (None, answers) or may_differ(whole, bundle), number


@pytest.mark.parametrize("group", range(3))
@pytest.mark.parametrize("name", ["trial.json", "network/manifest.json"])
def test_each_field_of_a_bundle_is_right_or_told(tmp_path, given, name, group):
    """One after another, by somebody who signs the record afterwards."""
    whole, answers = given
    for number, (*outer, key) in list(enumerate(places(json_of(whole / name))))[group::3]:
        bundle, random = shutil.copytree(whole, tmp_path / str(number)), Random(number)
        data = json_of(bundle / name)
        at(data, tuple(outer))[key] = random.choice(VALUES)
        put(bundle / name, data)
        if "files" in data and "identity" in data and "sha256" in data:
            with suppress(AttributeError, TypeError, OSError, UnicodeEncodeError):  # unsigned then
                settle(bundle, data)
        found = answered_or_told(bundle, (outer, key))
        assert found in (None, answers) or may_differ(whole, bundle), (outer, key)


@pytest.mark.parametrize("name", ["weights.safetensors", "network/weights.safetensors"])
def test_bits_of_signed_weights_are_flipped(tmp_path, given, name):
    """Other weights answer otherwise, which no checksum tells once somebody has signed them; half
    of the flips are in the header, which says where each tensor is."""
    whole, _ = given
    content = (whole / name).read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    for number in range(30):
        bundle, random = shutil.copytree(whole, tmp_path / str(number)), Random(number)
        where = random.randrange(header) if number % 2 else random.randrange(header, len(content))
        flipped = bytearray(content)
        flipped[where] ^= 1 << random.randrange(8)
        (bundle / name).write_bytes(flipped)
        digest = hashlib.sha256((bundle / "network/weights.safetensors").read_bytes()).hexdigest()
        manifest = bundle / "network/manifest.json"
        put(manifest, json_of(manifest) | {"weights_sha256": digest})
        record = json_of(bundle / "trial.json")
        record["network"]["weights_sha256"] = digest
        settle(bundle, record)
        answered_or_told(bundle, number)


def answered_or_told(bundle: Path, number: object) -> list | None:
    """Answers, or one line that names the bundle; nothing is written, asked for or started."""
    with watched() as seen:
        found, told = outcome(bundle)
    assert seen == [], number
    assert found is None or all(isfinite(answer.confidence) for answer in found), number
    if found is None:
        assert str(bundle) in told or "answers with NaN" in told, (number, told)
        assert len(told.splitlines()) == 1, (number, told)
        assert len(told) < 2000, (number, told)
    return found


def outcome(bundle: Path) -> tuple[list | None, str]:
    """Answers, or what is said instead."""
    try:
        return lorvp.load(bundle).predict([IMAGE_HWC]), ""
    except InputError as error:
        return None, str(error)


def may_differ(whole: Path, bundle: Path) -> bool:
    """A changed fact of the images or the classes is another, whole bundle."""
    before, after = (json_of(folder / "network/manifest.json") for folder in (whole, bundle))
    images = any(
        before[key] != after[key] for key in ("mean", "std", "input_size", "interpolation")
    )
    records = [json_of(folder / "trial.json") for folder in (whole, bundle)]
    tasks = [record["task"] for record in records]
    settings = [canonical(record["identity"]) for record in records]
    return images or tasks[0] != tasks[1] or settings[0] != settings[1]
