"""Prefect's server: the user's own, or one for the time of a run."""
