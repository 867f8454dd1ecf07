"""Checkpoints: their sources, the libraries that build them, and what can be wrong."""
