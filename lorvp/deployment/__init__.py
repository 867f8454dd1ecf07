"""Finished trials used elsewhere: loaded, bundled, exported."""
