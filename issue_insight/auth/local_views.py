"""The addresses of the local sign-in: a page for people, and the same for the frontend.

Mounted only where the local sign-in is switched on.
"""

from importlib.resources import files
from typing import Any

from flask import Blueprint as PlainBlueprint
from flask import Response, current_app, render_template, request
from pydantic import ValidationError
from sqlalchemy import select

from issue_insight.auth.local import (
    BROWSER_LIFE,
    ISSUER,
    SCRIPT_LIFE,
    LocalSignIn,
    refuse_foreign_pages,
    refuse_strangers,
)
from issue_insight.auth.local_schemas import LocalCredentials, LocalToken
from issue_insight.auth.permission import ROLES, public
from issue_insight.auth.state import auth_of
from issue_insight.auth.users import User
from issue_insight.db import unit_of_work
from issue_insight.errors import NotFound
from issue_insight.http.blueprint import Blueprint
from issue_insight.http.rate_limits import costly

POLICY = (
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
PEOPLE_SHOWN = 20

page = PlainBlueprint("local_sign_in_page", __name__, template_folder="sign_in_page")
blp = Blueprint("sign-in", __name__, description="Signing in to a local instance.")


def _local() -> LocalSignIn:
    """Return the issuer, for a request that comes from this machine and no foreign page."""
    local = auth_of(current_app).local
    if local is None:
        raise NotFound("There is no local sign-in here.")
    refuse_strangers(request.environ)
    refuse_foreign_pages(request.environ)
    return local


@blp.post("/sign-in/local")
@blp.arguments(LocalCredentials)
@blp.response(200, LocalToken)
@blp.problems(403)
@costly("sign-in")
@public
def sign_in_locally(data: LocalCredentials) -> Any:
    """Get a token of one minute for a user of a local instance, made if need be."""
    local = _local()
    with unit_of_work() as session:
        token, expires = local.sign_in(session, data.email, data.name, data.role, BROWSER_LIFE)
    return {"token": token, "expires_at": expires}


@page.get("/sign-in")
@public
def show() -> Response:
    """Show the form."""
    _local()
    return _page()


@page.post("/sign-in")
@costly("sign-in")
@public
def submit() -> Response:
    """Show the token."""
    local = _local()
    given = {name: text for name, text in request.form.items() if text.strip()}
    try:
        asked = LocalCredentials.model_validate(given)
    except ValidationError as error:
        names = sorted({str(fault["loc"][0]) for fault in error.errors() if fault["loc"]})
        return _page(422, faults=names, given=given)
    with unit_of_work() as session:
        token, expires = local.sign_in(session, asked.email, asked.name, asked.role, SCRIPT_LIFE)
    return _page(token=token, expires=f"{expires:%Y-%m-%d %H:%M} UTC", email=asked.email)


@page.get("/sign-in/page.css")
@public
def style() -> Response:
    """Send the page's style."""
    css = (files("issue_insight.auth") / "sign_in_page" / "page.css").read_bytes()
    return Response(css, mimetype="text/css")


def _page(status: int = 200, **values: Any) -> Response:
    with unit_of_work() as session:
        people = session.execute(
            select(User.name, User.email, User.role)
            .where(User.issuer == ISSUER, User.removed_at.is_(None), User.email.is_not(None))
            .order_by(User.last_seen_at.desc().nulls_last(), User.id)
            .limit(PEOPLE_SHOWN)
        ).all()
    html = render_template(
        "sign_in.html", **{"people": people, "roles": ROLES, "faults": [], "given": {}, **values}
    )
    response = Response(html, status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    return response
