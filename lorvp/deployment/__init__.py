"""Use finished trials elsewhere: load, bundle and export them."""
