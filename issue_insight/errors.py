"""What can go wrong, in the words of the domain; `http.problems` gives each its status.

Services raise these, so that the rules can be used from a view, a command and a job alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault of an input, at a JSON pointer (`/title`) or a query parameter (`?limit`).

    `position` is the 0-based character of a text at which the fault is, where one is known.
    """

    pointer: str
    detail: str
    position: int | None = None


class DomainError(Exception):
    """A refusal with a message fit for the person who asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Unauthenticated(DomainError):
    """Nobody, or nobody we can be sure of, is asking."""


class Forbidden(DomainError):
    """The caller may see the thing but not do this to it."""


class NotFound(DomainError):
    """The thing is not there, or not there for this caller.

    `members` are for programs: that it can be brought back, for one.
    """

    def __init__(self, message: str, **members: Any) -> None:
        super().__init__(message)
        self.members = members


class Conflict(DomainError):
    """The state does not allow it: a taken key, an illegal transition, the last admin.

    `members` are for programs: what they need to know in order to ask again.
    """

    def __init__(self, message: str, **members: Any) -> None:
        super().__init__(message)
        self.members = members


class Stale(DomainError):
    """The caller changed a version that is no longer the newest (a lost update, refused)."""


class PreconditionRequired(DomainError):
    """The caller must say which version is being changed."""


class TooLarge(DomainError):
    """More bytes than allowed."""


class UnsupportedType(DomainError):
    """A kind of content that is not taken here."""


class TooMany(DomainError):
    """More at once, or in a time, than one may have; `retry_after` is in seconds, where known."""

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Invalid(DomainError):
    """The input is at fault; `errors` lists every field that is."""

    def __init__(self, message: str, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.errors = tuple(errors)


class Unavailable(DomainError):
    """A part this needs does not answer; worth trying again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after
