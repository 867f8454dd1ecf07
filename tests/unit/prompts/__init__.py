"""Prompts, against formulas written out."""
