"""Change a bundle and sign it again, as if its maker had sent it so."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def sign(folder: Path, record: dict) -> None:
    """Write the record as trial.json with its own checksum."""
    record.pop("sha256")
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    signed = record | {"sha256": hashlib.sha256(text.encode()).hexdigest()}
    (folder / "trial.json").write_text(json.dumps(signed))


def record(bundle: Path) -> dict:
    """The contents of trial.json."""
    return json.loads((bundle / "trial.json").read_text())


def settle(bundle: Path, changed: dict) -> None:
    """Write the record as trial.json with the fingerprint and checksums of the bundle as it is."""
    changed = json.loads(json.dumps(changed))  # keys are strings now
    identity = json.dumps(changed["identity"], sort_keys=True, separators=(",", ":"))
    changed["fingerprint"] = hashlib.sha256(identity.encode()).hexdigest()[:20]
    for name in changed["files"]:
        changed["files"][name] = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
    sign(bundle, changed)
