"""Folders of image files: which are classes, which are splits, and what is not used."""
