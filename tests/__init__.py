"""Tests, by what they show: contracts, units, the pipeline as a whole, benchmarks."""
