"""Mappings, against formulas written out."""
