"""The one error that is the user's to mend."""


class InputError(ValueError):
    """Something given to us (params, data, a checkpoint) is wrong; the message says what is."""
