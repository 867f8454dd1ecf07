"""One trial inside a worker process."""
