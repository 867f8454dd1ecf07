"""Change a bundle as somebody might who also computes its checksums again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np


def softmax(logits_K: np.ndarray) -> np.ndarray:
    powers = np.exp(logits_K - logits_K.max())
    return powers / powers.sum()


def sign(folder: Path, record: dict) -> None:
    """Write trial.json with the checksum of what it now says."""
    record.pop("sha256")
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    signed = record | {"sha256": hashlib.sha256(text.encode()).hexdigest()}
    (folder / "trial.json").write_text(json.dumps(signed))


def record(bundle: Path) -> dict:
    return json.loads((bundle / "trial.json").read_text())


def settle(bundle: Path, changed: dict) -> None:
    """Write trial.json with checksums and a fingerprint of what the bundle now holds."""
    changed = json.loads(json.dumps(changed))  # keys are strings now
    identity = json.dumps(changed["identity"], sort_keys=True, separators=(",", ":"))
    changed["fingerprint"] = hashlib.sha256(identity.encode()).hexdigest()[:20]
    for name in changed["files"]:
        changed["files"][name] = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
    sign(bundle, changed)


def edit(bundle: Path, **facts: Any) -> None:
    """Change keys of the network's manifest."""
    path = bundle / "network/manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def put(record: dict, key: str, value: Any) -> None:
    """Change an entry at a place such as ``task.view``."""
    *outer, last = key.split(".")
    for part in outer:
        record = record[part]
    record[last] = value


def settle_network(bundle: Path) -> None:
    """Write the manifest and trial.json with checksums of the network's weights as they are."""
    digest = hashlib.sha256((bundle / "network/weights.safetensors").read_bytes()).hexdigest()
    edit(bundle, weights_sha256=digest)
    changed = record(bundle)
    changed["network"]["weights_sha256"] = digest
    settle(bundle, changed)
