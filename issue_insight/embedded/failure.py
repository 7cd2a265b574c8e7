"""What goes wrong with the embedded servers, in one line that a person can act on."""


class EmbeddedError(Exception):
    """An embedded server cannot be used; the message is one line that says why."""
