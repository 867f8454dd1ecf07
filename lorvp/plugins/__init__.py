"""Kinds, runners and trackers of other packages, found by Python's entry points."""
