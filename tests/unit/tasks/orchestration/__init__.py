"""Prefect's side of a run, and what the terminal shows of it."""
