"""One idea of `lorvp` per file, against values worked out in the test."""
