"""The check before every request: who is it, and may they come in. Closed unless a view is open."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from flask import Flask, current_app, g, request

from issue_insight.auth import cli, provision, sign_in, webhook
from issue_insight.auth.clerk import Verifier, verifier_from
from issue_insight.auth.local import LocalIssuer, must_be_near
from issue_insight.auth.permission import PUBLIC, ROLES, SIGNED_IN, Permission, permission_of
from issue_insight.auth.principal import Principal
from issue_insight.auth.users import User
from issue_insight.db import db
from issue_insight.errors import Forbidden, Unauthenticated, Unavailable
from issue_insight.settings import Settings

EXTENSION = "issue_insight.auth"


@dataclass(frozen=True, slots=True)
class Guard:
    """What the check needs: found at `app.extensions["issue_insight.auth"]`."""

    settings: Settings
    verifier: Verifier | None
    local: LocalIssuer | None
    granted: dict[str, frozenset[str]]

    def principal(self, token: str) -> Principal:
        """Return who the token is about, with the rights of this moment.

        Raises `Unauthenticated`, `Forbidden` for a removed user, `Unavailable` without keys.
        """
        if self.verifier is None:
            raise Unavailable("No identity provider is configured, so nobody can sign in.", 60)
        claims = self.verifier.verify(token)
        user = provision.user_of(db.session(), self.settings, claims)
        if user.removed_at is not None:
            raise Unauthenticated("This user has been removed.")
        provision.seen(db.session(), user)
        return self.principal_of(user)

    def principal_of(self, user: User) -> Principal:
        """Return the principal of a user's row."""
        return Principal(
            user.id, user.name, user.email, user.role, "person", self.granted[user.role]
        )


def register(app: Flask, settings: Settings, permissions: Iterable[Permission], api: Any) -> None:
    """Put the check before every request of `app`, and mount what belongs to signing in.

    Raises `ValueError` where the settings contradict each other.
    """
    local = LocalIssuer.from_settings(settings) if settings.local_sign_in else None
    verifier = local.verifier() if local else None
    if settings.identity_provider_configured:
        verifier = verifier_from(settings)
    known = [*permissions, SIGNED_IN]
    granted = {role: frozenset(p.name for p in known if role in p.roles) for role in ROLES}
    app.extensions[EXTENSION] = Guard(settings, verifier, local, granted)
    app.before_request(check)
    if local is not None:
        api.register_blueprint(sign_in.blueprint(local))
    if settings.clerk_webhook_signing_secret is not None:
        api.register_blueprint(webhook.blueprint(settings))
    cli.register(app)


def guard() -> Guard:
    """Return the guard of the current application."""
    return cast(Guard, current_app.extensions[EXTENSION])


def check() -> None:
    """Let the request in, or raise: `Unauthenticated`, `Forbidden`, `Unavailable`."""
    if request.endpoint is None:
        return  # no such route, or not with this method: routing answers 404 or 405
    needed = permission_of(current_app.view_functions[request.endpoint])
    if needed is PUBLIC:
        return
    if needed is None:
        raise Forbidden("This is closed.")
    at_the_gate = guard()
    if at_the_gate.local is not None:
        must_be_near(request.remote_addr)
    principal = at_the_gate.principal(_bearer())
    if not principal.may(needed.name):
        raise Forbidden(f"Your role, {principal.role}, does not allow this ({needed.name}).")
    g.principal = principal


def _bearer() -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Sign in, and send the session token as a bearer token.")
    return token.strip()
