"""Files of weights that others wrote: read safely, and put into a network key by key."""

from __future__ import annotations

import warnings
import zipfile
from argparse import Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from lorvp.errors import InputError
from lorvp.files.damage import UNREADABLE
from lorvp.files.whole import sha256

SHOWN = 3
"""Keys that a message names."""
_scalar = np.float64(0).__reduce__()[0]
BESIDE: list[Any] = [
    Namespace,  # timm's own training writes its arguments beside the weights
    # Numpy's numbers, such as the best accuracy: numpy 1 and 2 have two names for what makes one.
    (_scalar, "numpy.core.multiarray.scalar"),
    (_scalar, "numpy._core.multiarray.scalar"),
    np.dtype,
    *{type(np.dtype(letter)) for letter in "?bBhHiIlLqQefd"},
]
"""What may be made besides tensors when a pickle is read; nothing else is."""


def require_file(path: Path, expected_sha256: str | None = None) -> str:
    """The SHA-256 of a file that holds tensors and nothing else.

    Raises:
        InputError: it is missing, is not what was expected, is damaged or would run code.
    """
    if not path.exists():
        raise InputError(f"file: there is no {path}")
    try:
        found = sha256(path)
    except OSError as error:
        raise InputError(f"file: {path} cannot be read: {error.strerror}") from error
    if expected_sha256 and found != expected_sha256.lower():
        raise InputError(f"file: {path} has the SHA-256 {found}, not {expected_sha256}")
    with path.open("rb") as file:
        start = file.read(64).lstrip()
    if start.startswith(b"<"):
        raise InputError(f"file: {path} is a web page, not weights; download the file itself")
    _READERS.get(path.suffix.lower(), _try_pickle)(path)
    return found


def _try_safetensors(path: Path) -> None:
    try:
        with safe_open(path, framework="pt") as file:
            file.keys()
    except SafetensorError as error:
        raise InputError(f"file: {path} is damaged or cut off: {error}") from error


def _try_npz(path: Path) -> None:
    try:
        with np.load(path, allow_pickle=False) as file:
            for name in file.files:
                file[name]
    except UNREADABLE as error:
        reason = " ".join(str(error).split()) or "it ends early"
        raise InputError(f"file: {path} is damaged or holds more than numbers: {reason}") from error


def _try_pickle(path: Path) -> None:
    if _is_torchscript(path):
        raise InputError(
            f"file: {path} is a TorchScript program, not weights alone; "
            "for OpenAI's CLIP take the safetensors file of the Hugging Face hub"
        )
    try:
        content = _loaded(path, "meta")
    except UNREADABLE as error:
        if "global" in str(error).lower():
            raise InputError(
                f"file: {path} would run code when it is read ({_imports_of(path)}), so it is not; "
                "save its state_dict alone, best as safetensors"
            ) from error
        raise InputError(f"file: {path} is damaged, cut off or no weights") from error
    if not isinstance(content, Mapping):
        raise InputError(f"file: {path} holds no tensors by name, but a {type(content).__name__}")


def content_of(path: Path) -> Mapping:
    """What `torch.save` put into a file that `require_file` has checked."""
    return _loaded(path, "cpu")


def _loaded(path: Path, device: str) -> Any:
    with torch.serialization.safe_globals(BESIDE), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd content
        return torch.load(path, map_location=device, weights_only=True)


def _is_torchscript(path: Path) -> bool:
    """Whether the file is a TorchScript program."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any("/code/" in name for name in archive.namelist())
    except UNREADABLE:
        return False  # it is no zip file, which torch will report


def _imports_of(path: Path) -> str:
    """What the file would import, in words."""
    try:
        found = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except UNREADABLE:  # such as the format of before torch 1.6
        return "of its pickle"
    return "it asks for " + ", ".join(sorted(found)[:SHOWN])


_READERS = {".safetensors": _try_safetensors, ".npz": _try_npz, ".npy": _try_npz}


def fill(
    network: nn.Module, tensors: Mapping[str, Tensor], source: Path | str, architecture: str
) -> None:
    """Give ``network`` these weights.

    Raises:
        InputError: a key is missing or too many, or a tensor has another shape.
    """
    own = network.state_dict()
    state = own.__class__(tensors)
    # torch converts old formats by a version beside the tensors, which files of tensors lack.
    state._metadata = getattr(tensors, "_metadata", own._metadata)  # type: ignore[attr-defined]
    try:
        network.load_state_dict(state)
    except (RuntimeError, ValueError) as error:
        reason = misfit(own, state)
        raise InputError(f"{source} does not fit {architecture}: {reason or error}") from error


def misfit(own: Mapping[str, Tensor], given: Mapping[str, Any]) -> str:
    """How the keys and shapes of a file differ from a network's; the first few of each."""
    common = own.keys() & given.keys()
    shapes = {
        f"{key} {tuple(given[key].shape)} instead of {tuple(own[key].shape)}"
        for key in common
        if given[key].shape != own[key].shape
    }
    found = {
        "missing": own.keys() - given.keys(),
        "too many": given.keys() - own.keys(),
        "another shape": shapes,
    }
    return "; ".join(f"{what}: {_first(keys)}" for what, keys in found.items() if keys)


def _first(keys: Iterable[str]) -> str:
    ordered = sorted(keys)
    rest = len(ordered) - SHOWN
    return ", ".join(ordered[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")
