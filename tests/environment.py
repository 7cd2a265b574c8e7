"""The environment of a program that a test starts."""

import os


def bare_environment() -> dict[str, str]:
    """Return next to nothing of the caller's: where programs are, and what measures coverage."""
    return {
        name: value
        for name, value in os.environ.items()
        if name == "PATH" or name.startswith("COVERAGE_")
    }
