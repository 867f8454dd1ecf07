"""The one error that is the user's to mend."""

from lorvp.text.redacted import redacted


class InputError(ValueError):
    """Something given to us (params, data, a checkpoint) is wrong; the message says what is.

    Passwords and tokens are left out of the message, whoever wrote it.
    """

    def __init__(self, message: str) -> None:
        super().__init__(redacted(message))
