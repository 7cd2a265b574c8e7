"""The sign-in of one application, in `app.extensions["issue_insight.auth"]`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from flask import Flask

from issue_insight.auth.clerk import Verifier
from issue_insight.auth.local import LocalSignIn
from issue_insight.auth.permission import ROLES, SCOPES, Permission, Scope, reaches
from issue_insight.auth.profile import Profiles
from issue_insight.auth.provider import verifier_of
from issue_insight.auth.sessions import Sessions
from issue_insight.settings import Settings

EXTENSION = "issue_insight.auth"


@dataclass(frozen=True, slots=True)
class Auth:
    """`verifier` is None where nobody can sign in at all, `local` where that is not switched on."""

    verifier: Verifier | None
    local: LocalSignIn | None
    profiles: Profiles
    permissions: dict[str, frozenset[str]]
    """The names of what each role may do."""
    reach: dict[Scope, frozenset[str]]
    """The names of what an API token of each scope is enough for."""
    sessions: Sessions

    def granted(self, role: str, scope: Scope | None) -> frozenset[str]:
        """Return the names of what a person of that role may do, by a token where one is used."""
        by_role = self.permissions[role]
        return by_role if scope is None else by_role & self.reach[scope]

    @classmethod
    def from_settings(cls, settings: Settings, permissions: Iterable[Permission]) -> "Auth":
        """Build it. Raises `Misconfigured`."""
        local: LocalSignIn | None = None
        verifier: Verifier | None = None
        if settings.local_sign_in:
            local = LocalSignIn.from_settings(settings)
            verifier = local.verifier(settings.auth_leeway_seconds)
        elif settings.identity_provider_configured:
            verifier = verifier_of(settings)
        known = list(permissions)
        table = {role: frozenset(p.name for p in known if role in p.roles) for role in ROLES}
        reach = {
            scope: frozenset(p.name for p in known if reaches(scope, p.scope)) for scope in SCOPES
        }
        return cls(verifier, local, Profiles(settings), table, reach, Sessions())


def auth_of(app: Flask) -> Auth:
    """Return the sign-in of `app`."""
    return cast(Auth, app.extensions[EXTENSION])
