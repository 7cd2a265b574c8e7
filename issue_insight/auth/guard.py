"""The hook before every request: who is asking, and may they?

Closed unless the view says it is open. Token to claims, claims to the person's row, the role from
the row and never from the token, then the permission of the view; all before the body is read.
"""

from collections.abc import Iterable
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, request

from issue_insight.auth import local_views, webhook
from issue_insight.auth.clerk import Claims, RefusedToken
from issue_insight.auth.cli import auth as commands
from issue_insight.auth.local import refuse_strangers
from issue_insight.auth.permission import PUBLIC, Permission, Scope, permission_of, reaches
from issue_insight.auth.principal import Principal
from issue_insight.auth.provision import (
    Person,
    find,
    first_sight,
    is_current,
    keep_profile,
    refresh,
)
from issue_insight.auth.state import EXTENSION, Auth, auth_of
from issue_insight.auth.tokens import views as token_views
from issue_insight.auth.tokens.cli import tokens as token_commands
from issue_insight.auth.tokens.policy import PERMISSIONS as TOKEN_PERMISSIONS
from issue_insight.auth.tokens.resolving import principal_of_token
from issue_insight.auth.tokens.secret import PREFIX
from issue_insight.db import unit_of_work
from issue_insight.errors import Forbidden, Unauthenticated, Unavailable
from issue_insight.http.problems import problem
from issue_insight.settings import Settings

log = structlog.get_logger("issue_insight.auth")

_SAFE = ("GET", "HEAD", "OPTIONS")

SIGN_IN = "Sign in: this needs `Authorization: Bearer <token>`."


def register(app: Flask, settings: Settings, permissions: Iterable[Permission], api: Any) -> None:
    """Guard `app`, and mount the addresses that signing in needs on `api`.

    Raises `Misconfigured` for settings that do not fit.
    """
    auth = Auth.from_settings(settings, [*TOKEN_PERMISSIONS, *permissions])
    app.extensions[EXTENSION] = auth
    app.before_request(guard)
    app.cli.add_command(commands)
    app.cli.add_command(token_commands)
    api.register_blueprint(token_views.blp)
    if auth.local is not None:
        api.register_blueprint(local_views.page)
        api.register_blueprint(local_views.blp)
    if settings.clerk_webhook_signing_secret is not None:
        api.register_blueprint(webhook.blueprint(settings))


def guard() -> Response | None:
    """Let the request pass, or answer it.

    Sets `g.principal` and `g.credential_expires_at`.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None:
        return None  # there is nothing at this address, and Flask says so
    permission = permission_of(view)
    if permission is None:
        raise Forbidden("This address does not say who may use it, so nobody may.")
    if permission == PUBLIC:
        return None
    try:
        g.principal = _principal(auth_of(current_app))
    except RefusedToken as refused:
        log.info("token_refused", reason=refused.reason)
        return problem(
            401, refused.message, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
        )
    if g.principal.role not in permission.roles:
        raise Forbidden(f"You may not do this: it takes `{permission.name}`.")
    if g.principal.scope is not None:
        _must_reach(g.principal.scope, permission)
    return None


def _must_reach(scope: Scope, permission: Permission) -> None:
    """Raise `Forbidden` where an API token of `scope` is not enough for this request."""
    wanted = permission.scope
    if wanted == "read" and request.method not in _SAFE:
        wanted = "write"
    if wanted is None:
        raise Forbidden("No API token may do this: sign in yourself.")
    if not reaches(scope, wanted):
        raise Forbidden(f"This API token may not do this: it takes the scope `{wanted}`.")


def _principal(auth: Auth) -> Principal:
    if auth.local is not None:
        refuse_strangers(request.environ)
    # The header and nothing else: addresses end up in logs, cookies are sent by any page.
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated(SIGN_IN)
    if token.strip().startswith(PREFIX):
        return principal_of_token(auth, token.strip())
    if auth.verifier is None:
        raise Unauthenticated("Nobody can sign in here: no identity provider is configured.")
    claims = auth.verifier.verify(token.strip())
    person = _person(auth, claims)
    if person.removed_at is not None:
        raise RefusedToken("removed user")
    g.credential_expires_at = claims.expires_at + auth.verifier.rules.leeway
    principal = Principal(
        person.id, person.name, person.email, person.role, "person", auth.permissions[person.role]
    )
    auth.sessions.meet(principal, claims)
    return principal


def _person(auth: Auth, claims: Claims) -> Person:
    person = find(claims)
    if person is not None:
        if person.removed_at is None and not is_current(person, claims):
            with unit_of_work() as session:
                person = refresh(session, person, claims)
        return person
    with unit_of_work() as session:
        person, made = first_sight(session, claims)
    if made and claims.email is None:
        return _with_profile(auth, claims, person)
    return person


def _with_profile(auth: Auth, claims: Claims, person: Person) -> Person:
    """Ask for address and name, this once; where that fails, they come by webhook or by hand."""
    try:
        profile = auth.profiles.fetch(claims.subject)
    except Unavailable:
        log.warning("profile_not_fetched", user_id=person.id)
        return person
    if profile is None:
        return person
    with unit_of_work() as session:
        keep_profile(session, claims.issuer, claims.subject, profile)
    return find(claims) or person
