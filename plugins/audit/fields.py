"""The kinds of entries of the audit log."""

from enum import StrEnum


class Kind(StrEnum):
    """What an entry is about."""

    SIGN_IN = "sign-in"
    ROLE = "role"
    PERSON = "person"
    TOKEN = "token"  # noqa: S105 (no password)
    EXPORT = "export"
    DELETION = "deletion"
    PROJECT = "project"
    VIEW = "view"
    ISSUE = "issue"
    OTHER = "other"
