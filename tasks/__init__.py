"""Read files, call lorvp, write files, report progress. No arithmetic."""
