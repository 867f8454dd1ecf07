"""Searches for settings (`tune:`), as far as there are results."""
