"""The local sign-in: a page and an address that hand out tokens on one's own machine."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import flask
from flask import Response, render_template, request, send_from_directory
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from issue_insight.auth.local import LocalIssuer, must_be_near
from issue_insight.auth.permission import public
from issue_insight.auth.principal import system
from issue_insight.auth.provision import user_of
from issue_insight.auth.users import User
from issue_insight.db import unit_of_work
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.schema import Instant, Model
from issue_insight.journal import record
from issue_insight.settings import Settings

BROWSER_SECONDS = 12 * 3600
"""How long a token copied from the page lasts: a working day."""
PAGES = Path(__file__).parent / "pages"

Email = Annotated[
    str, Field(max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$", examples=["a@b.org"])
]


class SignIn(Model):
    """Who you say you are, and the role to have; without one the present role stays."""

    email: Email
    name: Annotated[str, Field(max_length=100)] = ""
    role: Literal["reporter", "maintainer", "admin"] | None = None


class SignedIn(Model):
    """A token to send as `Authorization: Bearer`."""

    token: str
    expires_at: Instant


def enter(
    session: Session, settings: Settings, local: LocalIssuer, who: SignIn, lifetime: int
) -> tuple[str, int]:
    """Return a token for `who`, giving their row the role asked for."""
    token, expires = local.token(who.email, who.name, lifetime=lifetime)
    user = user_of(session, settings, local.verifier().verify(token))
    if who.role is not None and user.role != who.role:
        _set_role(session, user, who.role)
    return token, expires


def _set_role(session: Session, user: User, role: str) -> None:
    old, user.role = user.role, role
    record(
        session,
        system(),
        subject="user",
        subject_id=user.id,
        scope_id=None,
        kind="changed",
        field="role",
        old=old,
        new=role,
    )


def blueprint(local: LocalIssuer) -> Blueprint:
    """Return the views of the local sign-in of one application."""
    blp = Blueprint(
        "sign-in", __name__, url_prefix="", description="Local sign-in, for development only."
    )
    blp.template_folder = str(PAGES)

    def sign(who: SignIn) -> tuple[str, int]:
        must_be_near(request.remote_addr)
        settings = flask.current_app.extensions["issue_insight"].settings
        with unit_of_work() as session:
            return enter(session, settings, local, who, BROWSER_SECONDS)

    @blp.post("/api/v1/sign-in/local")
    @blp.arguments(SignIn)
    @blp.response(200, SignedIn)
    @blp.problems(403)
    @public
    def sign_in_locally(data: SignIn) -> Any:
        """Get a token on one's own machine."""
        token, expires = sign(data)
        return {"token": token, "expires_at": _instant(expires)}, 200, {"Cache-Control": "no-store"}

    @public
    def page() -> Response:
        must_be_near(request.remote_addr)
        if request.method == "GET":
            return _page()
        given = {key: value for key, value in request.form.items() if key in SignIn.model_fields}
        try:
            who = TypeAdapter(SignIn).validate_python(given)
        except ValidationError:
            return _page(given, fault="Give an address like me@example.org.", status=422)
        token, _ = sign(who)
        return _page(given, token=token)

    @public
    def style() -> Response:
        return send_from_directory(PAGES, "sign_in.css")

    blp.record(
        lambda state: (
            state.app.add_url_rule("/sign-in", "local_sign_in", page, methods=["GET", "POST"]),
            state.app.add_url_rule("/sign-in.css", "local_sign_in_style", style),
        )
    )
    return blp


def _page(given: dict[str, str] | None = None, status: int = 200, **shown: str) -> Response:
    body = render_template("sign_in.html", given=given or {}, **shown)
    response = Response(body, status, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'"
    )
    return response


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
