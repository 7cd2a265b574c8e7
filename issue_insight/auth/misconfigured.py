"""What is raised at the start for sign-in settings that cannot or must not work."""


class Misconfigured(ValueError):
    """The settings of the sign-in do not fit; one line says which and why."""
