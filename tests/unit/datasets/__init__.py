"""The datasets, on tiny copies that lie on disk as the originals do."""
