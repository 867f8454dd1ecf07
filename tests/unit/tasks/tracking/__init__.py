"""Where a trial's records go besides the trial store."""
