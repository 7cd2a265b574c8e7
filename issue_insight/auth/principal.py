"""Who is acting: a person at a request, or a job, an import, a command."""

from dataclasses import dataclass
from typing import Literal, cast

from flask import g

from issue_insight.auth.permission import Scope
from issue_insight.errors import Forbidden, Unauthenticated

Kind = Literal["person", "token", "job", "import"]


@dataclass(frozen=True, slots=True)
class Principal:
    """The one who acts, with the rights of this moment."""

    user_id: int | None
    name: str
    email: str | None
    role: str
    kind: Kind
    permissions: frozenset[str]
    token_id: int | None = None
    scope: Scope | None = None
    """How far the API token reaches that they act by; None: they are here themselves."""

    def may(self, permission: str) -> bool:
        """Tell whether this principal holds the permission of that name."""
        return permission in self.permissions

    def must(self, permission: str, refusal: str) -> None:
        """Raise `Forbidden` with `refusal` unless this principal holds the permission."""
        if not self.may(permission):
            raise Forbidden(refusal)


def system(kind: Kind = "job", permissions: frozenset[str] = frozenset()) -> Principal:
    """Return a principal that is no person: what jobs and commands act as."""
    return Principal(None, "Issue Insight", None, "admin", kind, permissions)


def current_principal() -> Principal:
    """Return who is asking, in a request that the guard let in. For views only."""
    found = g.get("principal")
    if found is None:
        raise Unauthenticated("Sign in to use this.")
    return cast(Principal, found)


def credential_expires_at() -> float | None:
    """Return when the token of this request ends, in seconds since 1970; None: it does not."""
    return cast("float | None", g.get("credential_expires_at"))
