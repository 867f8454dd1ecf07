"""Images on disk: prepared once, verified, and read by every trial."""
