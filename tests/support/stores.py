"""A stored trial, and ways to damage its files."""

from pathlib import Path

from tests.support.tiny import identified

NAME, IDENTITY = identified()
FILES = {"trial.json", "weights.safetensors", "history.json", "predictions.parquet"}


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path):
    path.write_bytes(b"")


def files(folder: Path) -> dict[str, bytes]:
    """The contents of the files in ``folder``, by their names."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
