"""Fitting a prompt and a mapping around a frozen network."""
