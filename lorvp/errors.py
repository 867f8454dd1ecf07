"""InputError: an error that the user can mend."""

from lorvp.text.redacted import redacted


class InputError(ValueError):
    """Params, data, a checkpoint or another input is wrong; the message says what and where.

    Passwords and tokens are removed from the message.
    """

    def __init__(self, message: str) -> None:
        super().__init__(redacted(message))
