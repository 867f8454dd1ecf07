"""One trial: how it runs, what its name stands for, and its folder on disk."""
