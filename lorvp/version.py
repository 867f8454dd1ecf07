"""The version of this package; apart, since what writes it down imports nothing else of ours."""

VERSION = "0.1.0"
