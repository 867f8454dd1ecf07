"""Files of bundles from strangers: JSON, links and pipes are refused, and none is passed on."""

import os

import pytest

import lorvp
from lorvp.deployment import bundle as bundles
from lorvp.errors import InputError

BROKEN_JSON = {
    "nested": "[" * 100_000,
    "twice": '{"library": "timm", "library": "timm"}',
    "NaN": '{"crop": NaN}',
    "infinite": '{"crop": -Infinity}',
    "huge": '{"crop": ' + "9" * 5000 + "}",
    "UTF-16": "{}".encode("utf-16"),
    "NUL": "\0",
    "BOM": "\ufeff{}",
    "surrogate": '{"library": "\\ud800"}',
}


@pytest.mark.parametrize("name", ["trial.json", "network/manifest.json"])
@pytest.mark.parametrize("text", BROKEN_JSON.values(), ids=BROKEN_JSON)
def test_json_that_readers_would_not_agree_on_is_refused(bundle, name, text):
    content = text if isinstance(text, bytes) else text.encode()
    (bundle / name).write_bytes(content)
    with pytest.raises(InputError):
        lorvp.load(bundle)


@pytest.mark.parametrize("name", ["trial.json", "weights.safetensors", "network/manifest.json",
                                  "network/weights.safetensors"])  # fmt: skip
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda p: os.symlink("/dev/zero", p),
                                  lambda p: os.symlink(p, p)])  # fmt: skip
def test_what_is_no_plain_file_is_not_read(bundle, name, make):
    (bundle / name).unlink()
    make(bundle / name)
    with pytest.raises(InputError):
        lorvp.load(bundle)


def test_a_bundle_passes_on_no_other_file(bundle, tmp_path):
    (tmp_path / "secret").write_text("key")
    for name in ("more", "network/more"):
        (bundle / name).symlink_to(tmp_path / "secret")
    bundles.bundle(bundle, tmp_path / "again")
    files = {str(p.relative_to(tmp_path / "again")) for p in (tmp_path / "again").rglob("*")}
    assert files == {
        "README.md", "trial.json", "weights.safetensors", "history.json", "predictions.parquet",
        "network", "network/manifest.json", "network/weights.safetensors",
        "preprocessor_config.json",
    }  # fmt: skip


def test_links_are_not_uploaded(bundle, tmp_path, calls):
    (bundle / "README.md").unlink()
    (bundle / "README.md").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match=r"README\.md is a link"):
        bundles.push(bundle, "me/mine")
    assert calls == []
