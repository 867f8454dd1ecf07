"""Where the pipeline keeps things, relative to the project's folder."""

from pathlib import Path

DATASETS = Path("data/datasets")
CHECKPOINTS = Path("data/checkpoints")
PROMPTS = Path("data/prompts")
SHIFTS = Path("data/shifts")
TABLES = Path("data/tables")
WORK = Path("data/.work")
"""Unfinished and throw-away files; ignored by git and DVC."""
CODE = Path("data/code")
"""Hashes of users' own code, by its name in params.yaml."""
USABLE = WORK / "usable"
"""Names the settings that were last found to be usable."""
NOTES = WORK / "whole"
"""On datasets that have been read in full in this run."""
