"""A stored trial, and ways to damage its files."""

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
