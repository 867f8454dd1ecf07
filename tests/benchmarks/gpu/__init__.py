"""What a GPU does with this trainer, within five minutes: see `__main__`."""
